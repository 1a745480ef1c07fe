-- What customers owe, in sums that are kept as it changes (decision 0029).

-- What is open of the plans of approved contracts. Each plan counts in three sums: of its day (DAY), of the owner of its contract and its day (OWNER), of owner and account (ACCOUNT).
-- Rows of one sum add up and are only ever added by those who write, so that two of them never wait for each other; atrium.fold_receivables() makes one of several.
CREATE TABLE receivable_total (
  -- No foreign keys: the contracts and plans whose sums these are have them.
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id(),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  level text NOT NULL CHECK (level IN ('DAY', 'OWNER', 'ACCOUNT')),
  owner_id uuid,
  account_id uuid,
  currency text NOT NULL,
  due_date date,
  -- Ten-thousandths of the currency's unit, and those times the rate that was frozen when the contract was approved.
  amount numeric NOT NULL,
  base numeric NOT NULL,
  -- Which sum it is a part of.
  slot uuid NOT NULL GENERATED ALWAYS AS (md5(level || '/' || coalesce(owner_id::text, '') || '/' || coalesce(account_id::text, '') || '/' || currency || '/' || coalesce((due_date - DATE '2000-01-01')::text, ''))::uuid) STORED,
  folded boolean NOT NULL DEFAULT false,
  PRIMARY KEY (tenant_id, id)
);
SELECT atrium.tenant_table('receivable_total');
-- Covers what is read: sums that were touched at different times lie apart.
CREATE INDEX ON receivable_total (tenant_id, level, owner_id, due_date) INCLUDE (account_id, currency, amount, base);
CREATE INDEX ON receivable_total (tenant_id, slot) WHERE folded;
CREATE INDEX ON receivable_total (tenant_id) WHERE NOT folded;

-- Is anything dated after a day: then sums as they stand now are not those of the day.
CREATE INDEX ON refund (tenant_id, refunded_on, id) WHERE deleted_at IS NULL;

-- What a plan adds to the sums: nothing unless it is open.
CREATE FUNCTION atrium.receivable(status text, deleted_at timestamptz, unreceived bigint) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT CASE WHEN status IN ('PENDING', 'PARTIAL', 'OVERDUE') AND deleted_at IS NULL THEN unreceived ELSE 0 END::numeric $$;
GRANT EXECUTE ON FUNCTION atrium.receivable(text, timestamptz, bigint) TO atrium_app;

-- Makes one row of what was added since the last time, sum by sum, with what it was before. Whoever else does so at the moment has other rows: nobody waits.
CREATE FUNCTION atrium.fold_receivables() RETURNS void LANGUAGE sql AS $$
  WITH fresh AS MATERIALIZED (
    SELECT t.id, t.slot FROM public.receivable_total t WHERE t.tenant_id = atrium.tenant_id() AND NOT t.folded FOR UPDATE SKIP LOCKED
  ), before AS MATERIALIZED (
    SELECT t.id FROM public.receivable_total t WHERE t.tenant_id = atrium.tenant_id() AND t.folded AND t.slot IN (SELECT slot FROM fresh) FOR UPDATE SKIP LOCKED
  ), gone AS (
    DELETE FROM public.receivable_total t USING (SELECT id FROM fresh UNION ALL SELECT id FROM before) s
    WHERE t.tenant_id = atrium.tenant_id() AND t.id = s.id RETURNING t.*
  )
  INSERT INTO public.receivable_total (tenant_id, level, owner_id, account_id, currency, due_date, amount, base, folded)
  SELECT g.tenant_id, g.level, g.owner_id, g.account_id, g.currency, g.due_date, sum(g.amount), sum(g.base), true
  FROM gone g GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(g.amount) <> 0 OR sum(g.base) <> 0
$$;
GRANT EXECUTE ON FUNCTION atrium.fold_receivables() TO atrium_app;

-- About one fold for every 256 rows that were added, whoever adds them: readers add up a few hundred rows more at most.
CREATE FUNCTION atrium.fold_receivables_now_and_then(added integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF random() * 256 < added THEN
    PERFORM atrium.fold_receivables();
  END IF;
END $$;
GRANT EXECUTE ON FUNCTION atrium.fold_receivables_now_and_then(integer) TO atrium_app;

-- After a statement that wrote plans: by how much it changed each sum.
CREATE FUNCTION atrium.keep_receivables_of_plans() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  plans uuid[];
  days date[];
  amounts numeric[];
  added integer;
BEGIN
  IF TG_OP = 'INSERT' THEN
    SELECT array_agg(d.contract_id), array_agg(d.due_date), array_agg(d.amount) INTO plans, days, amounts FROM (
      SELECT n.contract_id, n.due_date, sum(atrium.receivable(n.status, n.deleted_at, n.unreceived_amount)) AS amount FROM new_rows n GROUP BY 1, 2
    ) d WHERE d.amount <> 0;
  ELSIF TG_OP = 'DELETE' THEN
    SELECT array_agg(d.contract_id), array_agg(d.due_date), array_agg(d.amount) INTO plans, days, amounts FROM (
      SELECT o.contract_id, o.due_date, -sum(atrium.receivable(o.status, o.deleted_at, o.unreceived_amount)) AS amount FROM old_rows o GROUP BY 1, 2
    ) d WHERE d.amount <> 0;
  ELSE
    SELECT array_agg(d.contract_id), array_agg(d.due_date), array_agg(d.amount) INTO plans, days, amounts FROM (
      SELECT x.contract_id, x.due_date, sum(x.amount) AS amount FROM (
        SELECT n.contract_id, n.due_date, atrium.receivable(n.status, n.deleted_at, n.unreceived_amount) AS amount FROM new_rows n
        UNION ALL SELECT o.contract_id, o.due_date, -atrium.receivable(o.status, o.deleted_at, o.unreceived_amount) FROM old_rows o
      ) x GROUP BY 1, 2
    ) d WHERE d.amount <> 0;
  END IF;
  IF plans IS NULL THEN
    RETURN NULL;
  END IF;
  -- Whoever gives the contract to another owner meanwhile moves these plans too, or waits: one of the two sees what the other did. Verbs that write plans hold the lock already.
  PERFORM FROM public.contract c WHERE c.tenant_id = atrium.tenant_id() AND c.id = ANY (plans) ORDER BY c.id FOR SHARE;
  INSERT INTO public.receivable_total (tenant_id, level, owner_id, account_id, currency, due_date, amount, base)
  SELECT c.tenant_id, CASE grouping(c.owner_id, c.account_id, d.due_date) WHEN 6 THEN 'DAY' WHEN 2 THEN 'OWNER' ELSE 'ACCOUNT' END,
    c.owner_id, c.account_id, c.currency, d.due_date, sum(d.amount), sum(d.amount * coalesce(c.rate, 0))
  FROM unnest(plans, days, amounts) AS d(contract_id, due_date, amount)
  JOIN public.contract c ON c.tenant_id = atrium.tenant_id() AND c.id = d.contract_id AND c.approved_at IS NOT NULL AND c.deleted_at IS NULL
  GROUP BY GROUPING SETS ((c.tenant_id, c.currency, d.due_date), (c.tenant_id, c.owner_id, c.currency, d.due_date), (c.tenant_id, c.owner_id, c.account_id, c.currency))
  HAVING sum(d.amount) <> 0 OR sum(d.amount * coalesce(c.rate, 0)) <> 0;
  GET DIAGNOSTICS added = ROW_COUNT;
  PERFORM atrium.fold_receivables_now_and_then(added);
  RETURN NULL;
END $$;
CREATE TRIGGER receivables_insert AFTER INSERT ON receipt_plan REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION atrium.keep_receivables_of_plans();
CREATE TRIGGER receivables_update AFTER UPDATE ON receipt_plan REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION atrium.keep_receivables_of_plans();
CREATE TRIGGER receivables_delete AFTER DELETE ON receipt_plan REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION atrium.keep_receivables_of_plans();

-- After a statement that changed contracts: their plans move to other sums. A contract that is made has no plans yet, and one that is destroyed none any more.
CREATE FUNCTION atrium.keep_receivables_of_contracts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  moved uuid[];
  added integer;
BEGIN
  SELECT array_agg(n.id) INTO moved FROM new_rows n JOIN old_rows o ON o.tenant_id = n.tenant_id AND o.id = n.id
  WHERE (o.owner_id, o.account_id, o.currency, o.rate, o.approved_at IS NULL OR o.deleted_at IS NOT NULL)
    IS DISTINCT FROM (n.owner_id, n.account_id, n.currency, n.rate, n.approved_at IS NULL OR n.deleted_at IS NOT NULL);
  IF moved IS NULL THEN
    RETURN NULL;
  END IF;
  INSERT INTO public.receivable_total (tenant_id, level, owner_id, account_id, currency, due_date, amount, base)
  SELECT c.tenant_id, CASE grouping(c.owner_id, c.account_id, p.due_date) WHEN 6 THEN 'DAY' WHEN 2 THEN 'OWNER' ELSE 'ACCOUNT' END,
    c.owner_id, c.account_id, c.currency, p.due_date, sum(c.one * p.amount), sum(c.one * p.amount * coalesce(c.rate, 0))
  FROM (
    SELECT 1 AS one, n.tenant_id, n.id, n.owner_id, n.account_id, n.currency, n.rate FROM new_rows n WHERE n.approved_at IS NOT NULL AND n.deleted_at IS NULL
    UNION ALL SELECT -1, o.tenant_id, o.id, o.owner_id, o.account_id, o.currency, o.rate FROM old_rows o WHERE o.approved_at IS NOT NULL AND o.deleted_at IS NULL
  ) c JOIN LATERAL (
    SELECT r.due_date, atrium.receivable(r.status, r.deleted_at, r.unreceived_amount) AS amount FROM public.receipt_plan r
    WHERE r.tenant_id = c.tenant_id AND r.contract_id = c.id
  ) p ON p.amount <> 0 WHERE c.id = ANY (moved)
  GROUP BY GROUPING SETS ((c.tenant_id, c.currency, p.due_date), (c.tenant_id, c.owner_id, c.currency, p.due_date), (c.tenant_id, c.owner_id, c.account_id, c.currency))
  HAVING sum(c.one * p.amount) <> 0 OR sum(c.one * p.amount * coalesce(c.rate, 0)) <> 0;
  GET DIAGNOSTICS added = ROW_COUNT;
  PERFORM atrium.fold_receivables_now_and_then(added);
  RETURN NULL;
END $$;
CREATE TRIGGER receivables_update AFTER UPDATE ON contract REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION atrium.keep_receivables_of_contracts();

-- For the tenants that are there already (0008 says why row security is off for a moment).
ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  one uuid;
BEGIN
  FOR one IN SELECT id FROM tenant LOOP
    PERFORM set_config('app.tenant_id', one::text, true);
    INSERT INTO receivable_total (tenant_id, level, owner_id, account_id, currency, due_date, amount, base, folded)
    SELECT c.tenant_id, CASE grouping(c.owner_id, c.account_id, p.due_date) WHEN 6 THEN 'DAY' WHEN 2 THEN 'OWNER' ELSE 'ACCOUNT' END,
      c.owner_id, c.account_id, c.currency, p.due_date, sum(p.unreceived_amount), sum(p.unreceived_amount * coalesce(c.rate, 0)), true
    FROM contract c JOIN receipt_plan p ON p.tenant_id = one AND p.contract_id = c.id AND p.status IN ('PENDING', 'PARTIAL', 'OVERDUE') AND p.deleted_at IS NULL
    WHERE c.tenant_id = one AND c.approved_at IS NOT NULL AND c.deleted_at IS NULL
    GROUP BY GROUPING SETS ((c.tenant_id, c.currency, p.due_date), (c.tenant_id, c.owner_id, c.currency, p.due_date), (c.tenant_id, c.owner_id, c.account_id, c.currency));
  END LOOP;
  PERFORM set_config('app.tenant_id', '', true);
END $$;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
