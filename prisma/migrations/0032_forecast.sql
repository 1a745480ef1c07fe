-- Pipelines in sums and forecasts: what stands in each stage, targets, adjustments, snapshots.

-- What the live deals of a stage come to, by owner and currency: sums that pipelineSummary adds up instead of reading the deals. Rows of one key add up and are only ever added
-- by those who write deals, so that two of them never wait for each other; atrium.fold_pipeline_totals() makes one of several.
CREATE TABLE pipeline_total (
  -- No foreign keys: the deals whose sums these are have them, and sums of nothing may outlive a stage until they are folded.
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id(),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  pipeline_id uuid NOT NULL,
  stage_id uuid NOT NULL,
  owner_id uuid,
  currency text NOT NULL,
  deals bigint NOT NULL,
  -- Ten-thousandths of the currency's unit; weighted: times the probability in per cent.
  amount numeric NOT NULL,
  weighted numeric NOT NULL,
  -- The moments since which they stand in the stage, in milliseconds since 1970.
  entered numeric NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
SELECT atrium.tenant_table('pipeline_total');
CREATE INDEX ON pipeline_total (tenant_id, pipeline_id);

-- Since when a deal stands in its stage, in milliseconds since 1970.
CREATE FUNCTION atrium.entered_ms(changed timestamptz, created timestamptz) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT (extract(epoch FROM coalesce(changed, created)) * 1000)::bigint $$;
GRANT EXECUTE ON FUNCTION atrium.entered_ms(timestamptz, timestamptz) TO atrium_app;

-- Makes one row of several of the same key of the current tenant. Whoever else does so at the moment has other rows: nobody waits.
CREATE FUNCTION atrium.fold_pipeline_totals() RETURNS void LANGUAGE sql AS $$
  WITH several AS MATERIALIZED (
    SELECT t.id FROM public.pipeline_total t WHERE t.tenant_id = atrium.tenant_id() AND t.id IN (
      SELECT x.id FROM (
        SELECT p.id, count(*) OVER (PARTITION BY p.pipeline_id, p.stage_id, p.owner_id, p.currency) AS n FROM public.pipeline_total p WHERE p.tenant_id = atrium.tenant_id()
      ) x WHERE x.n > 1)
    FOR UPDATE SKIP LOCKED
  ), gone AS (
    DELETE FROM public.pipeline_total t USING several s WHERE t.tenant_id = atrium.tenant_id() AND t.id = s.id RETURNING t.*
  )
  INSERT INTO public.pipeline_total (tenant_id, pipeline_id, stage_id, owner_id, currency, deals, amount, weighted, entered)
  SELECT g.tenant_id, g.pipeline_id, g.stage_id, g.owner_id, g.currency, sum(g.deals), sum(g.amount), sum(g.weighted), sum(g.entered)
  FROM gone g GROUP BY 1, 2, 3, 4, 5 HAVING sum(g.deals) <> 0 OR sum(g.amount) <> 0 OR sum(g.weighted) <> 0 OR sum(g.entered) <> 0
$$;
GRANT EXECUTE ON FUNCTION atrium.fold_pipeline_totals() TO atrium_app;

-- After a statement that wrote deals: by how much it changed each sum.
CREATE FUNCTION atrium.keep_pipeline_totals() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  added integer;
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO public.pipeline_total (tenant_id, pipeline_id, stage_id, owner_id, currency, deals, amount, weighted, entered)
    SELECT n.tenant_id, n.pipeline_id, n.stage_id, n.owner_id, n.currency, count(*), coalesce(sum(n.amount), 0), coalesce(sum(n.amount::numeric * n.probability), 0),
      sum(atrium.entered_ms(n.last_stage_changed_at, n.created_at))
    FROM new_rows n WHERE n.deleted_at IS NULL GROUP BY 1, 2, 3, 4, 5;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO public.pipeline_total (tenant_id, pipeline_id, stage_id, owner_id, currency, deals, amount, weighted, entered)
    SELECT o.tenant_id, o.pipeline_id, o.stage_id, o.owner_id, o.currency, -count(*), -coalesce(sum(o.amount), 0), -coalesce(sum(o.amount::numeric * o.probability), 0),
      -sum(atrium.entered_ms(o.last_stage_changed_at, o.created_at))
    FROM old_rows o WHERE o.deleted_at IS NULL GROUP BY 1, 2, 3, 4, 5;
  ELSE
    INSERT INTO public.pipeline_total (tenant_id, pipeline_id, stage_id, owner_id, currency, deals, amount, weighted, entered)
    SELECT d.tenant_id, d.pipeline_id, d.stage_id, d.owner_id, d.currency, sum(d.one), coalesce(sum(d.one * d.amount), 0), coalesce(sum(d.one * d.amount * d.probability), 0),
      sum(d.one * atrium.entered_ms(d.last_stage_changed_at, d.created_at))
    FROM (
      SELECT 1::numeric AS one, n.tenant_id, n.pipeline_id, n.stage_id, n.owner_id, n.currency, n.amount, n.probability, n.last_stage_changed_at, n.created_at
      FROM new_rows n WHERE n.deleted_at IS NULL
      UNION ALL
      SELECT -1, o.tenant_id, o.pipeline_id, o.stage_id, o.owner_id, o.currency, o.amount, o.probability, o.last_stage_changed_at, o.created_at
      FROM old_rows o WHERE o.deleted_at IS NULL
    ) d GROUP BY 1, 2, 3, 4, 5
    HAVING sum(d.one) <> 0 OR sum(d.one * d.amount) <> 0 OR sum(d.one * d.amount * d.probability) <> 0
      OR sum(d.one * atrium.entered_ms(d.last_stage_changed_at, d.created_at)) <> 0;
  END IF;
  GET DIAGNOSTICS added = ROW_COUNT;
  -- About one fold for every 256 rows that were added, whoever adds them: readers add up a few hundred rows more at most.
  IF random() * 256 < added THEN
    PERFORM atrium.fold_pipeline_totals();
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER totals_insert AFTER INSERT ON opportunity REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION atrium.keep_pipeline_totals();
CREATE TRIGGER totals_update AFTER UPDATE ON opportunity REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION atrium.keep_pipeline_totals();
CREATE TRIGGER totals_delete AFTER DELETE ON opportunity REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION atrium.keep_pipeline_totals();

-- Won deals of a period.
CREATE INDEX ON opportunity (tenant_id, actual_close_date, id) WHERE deleted_at IS NULL;

-- What is expected of the company, of a department or of a user in a period.
CREATE TABLE sales_target (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  scope_type text NOT NULL CHECK (scope_type IN ('COMPANY', 'DEPARTMENT', 'USER')),
  department_id uuid,
  user_id uuid,
  -- Whose it is, the company being itself.
  scope_id uuid NOT NULL GENERATED ALWAYS AS (coalesce(user_id, department_id, tenant_id)) STORED,
  metric text NOT NULL CHECK (metric IN ('WON_AMOUNT', 'WON_COUNT', 'NEW_CUSTOMERS', 'RECEIPTS')),
  period_type text NOT NULL CHECK (period_type IN ('MONTH', 'QUARTER', 'YEAR')),
  period_start date NOT NULL CHECK (extract(day FROM period_start) = 1),
  -- Ten-thousandths of the currency's unit.
  amount bigint CHECK (amount >= 0),
  currency text CHECK (currency ~ '^[A-Z]{3}$'),
  target_count integer CHECK (target_count >= 0),
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid DEFAULT atrium.actor_id(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_by uuid DEFAULT atrium.actor_id(),
  deleted_at timestamptz(3),
  deleted_by uuid,
  external_source text NOT NULL DEFAULT '',
  external_id text,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, department_id) REFERENCES department (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT sales_target_money_has_currency CHECK (currency IS NOT NULL OR amount IS NULL),
  CONSTRAINT sales_target_one_scope CHECK ((scope_type = 'USER') = (user_id IS NOT NULL) AND (scope_type = 'DEPARTMENT') = (department_id IS NOT NULL)),
  CONSTRAINT sales_target_one_measure CHECK ((metric IN ('WON_AMOUNT', 'RECEIPTS')) = (amount IS NOT NULL) AND num_nonnulls(amount, target_count) = 1)
);
SELECT atrium.record_table('sales_target');
CREATE UNIQUE INDEX sales_target_scope_period_key ON sales_target (tenant_id, scope_id, metric, period_type, period_start) WHERE deleted_at IS NULL;
CREATE INDEX ON sales_target (tenant_id, period_type, period_start, metric) WHERE deleted_at IS NULL;
CREATE INDEX ON sales_target (tenant_id, department_id);
CREATE INDEX ON sales_target (tenant_id, user_id);
CREATE INDEX ON sales_target (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What a manager says instead of what the deals of a person come to.
CREATE TABLE forecast_adjustment (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  owner_id uuid NOT NULL,
  period_type text NOT NULL CHECK (period_type IN ('MONTH', 'QUARTER', 'YEAR')),
  period_start date NOT NULL CHECK (extract(day FROM period_start) = 1),
  category text NOT NULL CHECK (category IN ('PIPELINE', 'BEST_CASE', 'COMMIT', 'CLOSED', 'OMITTED')),
  -- What the deals came to when it was said; ten-thousandths of the currency's unit, like what was said.
  amount bigint NOT NULL,
  adjusted_amount bigint NOT NULL CHECK (adjusted_amount >= 0),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  note text,
  by_id uuid,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid DEFAULT atrium.actor_id(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_by uuid DEFAULT atrium.actor_id(),
  deleted_at timestamptz(3),
  deleted_by uuid,
  external_source text NOT NULL DEFAULT '',
  external_id text,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, by_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('forecast_adjustment');
CREATE INDEX ON forecast_adjustment (tenant_id, period_type, period_start) WHERE deleted_at IS NULL;
CREATE INDEX ON forecast_adjustment (tenant_id, owner_id);
CREATE INDEX ON forecast_adjustment (tenant_id, by_id);
CREATE INDEX ON forecast_adjustment (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What the deals of a person that close in a month came to on a day. Quarters and years are sums of months.
CREATE TABLE forecast_snapshot (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  -- The day on which it was taken, in the company's time zone, and the first day of the month.
  date date NOT NULL,
  month date NOT NULL CHECK (extract(day FROM month) = 1),
  owner_id uuid,
  category text NOT NULL CHECK (category IN ('PIPELINE', 'BEST_CASE', 'COMMIT', 'CLOSED', 'OMITTED')),
  -- That of the deals.
  deal_currency text NOT NULL CHECK (deal_currency ~ '^[A-Z]{3}$'),
  deals integer NOT NULL,
  -- In the base currency of that day, ten-thousandths of its unit; weighted: × probability.
  amount bigint NOT NULL,
  weighted bigint NOT NULL,
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid DEFAULT atrium.actor_id(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_by uuid DEFAULT atrium.actor_id(),
  deleted_at timestamptz(3),
  deleted_by uuid,
  external_source text NOT NULL DEFAULT '',
  external_id text,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('forecast_snapshot');
CREATE INDEX ON forecast_snapshot (tenant_id, month, date) WHERE deleted_at IS NULL;
CREATE INDEX ON forecast_snapshot (tenant_id, owner_id);
CREATE INDEX ON forecast_snapshot (tenant_id, date, id) WHERE deleted_at IS NULL;
CREATE INDEX ON forecast_snapshot (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Deals whose expected day was moved, by when: what slipped out of a period.
CREATE INDEX change_close_date_idx ON change (tenant_id, at) WHERE object = 'opportunity' AND operation = 'updated' AND changed_fields @> '{close_date}';

-- The seeded roles see targets: the company's, the departments' and those of whom their role sees; only the administrator sets them.
CREATE FUNCTION atrium.seed_forecast_permissions() RETURNS void LANGUAGE sql AS $$
  INSERT INTO object_permission (tenant_id, role_id, object, can_read, read_scope, write_scope)
  SELECT r.tenant_id, r.id, 'SalesTarget', true, s.scope, 'OWN'
  FROM role r JOIN (VALUES ('manager', 'OWN_AND_SUBORDINATES'), ('rep', 'OWN'), ('readonly', 'ALL')) AS s(role, scope) ON s.role = r.key
  WHERE r.tenant_id = atrium.tenant_id() AND r.is_system AND r.deleted_at IS NULL
  ON CONFLICT DO NOTHING
$$;
GRANT EXECUTE ON FUNCTION atrium.seed_forecast_permissions() TO atrium_app;

-- For the tenants that are there already (0008 says why row security is off for a moment).
ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  one uuid;
BEGIN
  FOR one IN SELECT id FROM tenant LOOP
    PERFORM set_config('app.tenant_id', one::text, true);
    PERFORM atrium.seed_forecast_permissions();
    INSERT INTO pipeline_total (tenant_id, pipeline_id, stage_id, owner_id, currency, deals, amount, weighted, entered)
    SELECT o.tenant_id, o.pipeline_id, o.stage_id, o.owner_id, o.currency, count(*), coalesce(sum(o.amount), 0), coalesce(sum(o.amount::numeric * o.probability), 0),
      sum(atrium.entered_ms(o.last_stage_changed_at, o.created_at))
    FROM opportunity o WHERE o.tenant_id = one AND o.deleted_at IS NULL GROUP BY 1, 2, 3, 4, 5;
  END LOOP;
  PERFORM set_config('app.tenant_id', '', true);
END $$;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
