-- The public pool: customers and leads without an owner that its members may claim, the rules that take records back, and the history of who had what.

-- A pool of records of one type, with the rules of claiming from it.
CREATE TABLE pool (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  object text NOT NULL CHECK (object IN ('ACCOUNT', 'LEAD')),
  name text NOT NULL,
  description text,
  enabled boolean NOT NULL DEFAULT true,
  is_default boolean NOT NULL DEFAULT false,
  -- API names of fields that members do not see before they have claimed: phone, Contact.phone.
  hidden_fields text[] NOT NULL DEFAULT '{}',
  -- Null: as many as they like.
  daily_limit_per_user integer CHECK (daily_limit_per_user >= 0),
  max_batch integer NOT NULL DEFAULT 100 CHECK (max_batch BETWEEN 1 AND 200),
  previous_owner_cooldown_hours integer CHECK (previous_owner_cooldown_hours >= 0),
  new_data_cooldown_hours integer CHECK (new_data_cooldown_hours >= 0),
  reclaim_enabled boolean NOT NULL DEFAULT true,
  remind_days_before integer CHECK (remind_days_before BETWEEN 1 AND 365),
  allow_import boolean NOT NULL DEFAULT false,
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
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('pool');
CREATE UNIQUE INDEX pool_default_key ON pool (tenant_id, object) WHERE is_default AND deleted_at IS NULL;
CREATE INDEX ON pool (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Who may claim from a pool, or rule it: a user, or all of a department and of those below it.
CREATE TABLE pool_member (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  pool_id uuid NOT NULL,
  user_id uuid,
  department_id uuid,
  principal_id uuid GENERATED ALWAYS AS (coalesce(user_id, department_id)) STORED,
  role text NOT NULL DEFAULT 'MEMBER' CHECK (role IN ('MEMBER', 'ADMIN')),
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
  FOREIGN KEY (tenant_id, pool_id) REFERENCES pool (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, department_id) REFERENCES department (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT pool_member_one_principal CHECK (num_nonnulls(user_id, department_id) = 1)
);
SELECT atrium.record_table('pool_member');
CREATE UNIQUE INDEX pool_member_pool_principal_key ON pool_member (tenant_id, pool_id, principal_id) WHERE deleted_at IS NULL;
CREATE INDEX ON pool_member (tenant_id, pool_id);
CREATE INDEX ON pool_member (tenant_id, principal_id) WHERE deleted_at IS NULL;
CREATE INDEX ON pool_member (tenant_id, user_id);
CREATE INDEX ON pool_member (tenant_id, department_id);

-- When a record goes back to a pool.
CREATE TABLE pool_reclaim_rule (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  pool_id uuid NOT NULL,
  basis text NOT NULL CHECK (basis IN ('NO_FOLLOW_UP', 'NO_OPPORTUNITY', 'NOT_WON', 'PROTECTION_EXPIRED')),
  days integer NOT NULL CHECK (days BETWEEN 1 AND 3650),
  include_won boolean NOT NULL DEFAULT false,
  include_with_opportunity boolean NOT NULL DEFAULT false,
  calendar text NOT NULL DEFAULT 'NATURAL' CHECK (calendar IN ('NATURAL', 'WORKING')),
  -- Of a level of customers alone; null: of all.
  level_id uuid,
  active boolean NOT NULL DEFAULT true,
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
  FOREIGN KEY (tenant_id, pool_id) REFERENCES pool (tenant_id, id),
  FOREIGN KEY (tenant_id, level_id) REFERENCES customer_level (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('pool_reclaim_rule');
CREATE INDEX ON pool_reclaim_rule (tenant_id, level_id) WHERE level_id IS NOT NULL;
CREATE INDEX ON pool_reclaim_rule (tenant_id, pool_id, id);
CREATE INDEX ON pool_reclaim_rule (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- How many records a user has claimed from a pool on a day of the company's calendar: raised in the transaction of the claim, by what was claimed.
CREATE TABLE pool_claim_count (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  pool_id uuid NOT NULL,
  user_id uuid NOT NULL,
  day date NOT NULL,
  claimed integer NOT NULL DEFAULT 0 CHECK (claimed >= 0),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, pool_id) REFERENCES pool (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.tenant_table('pool_claim_count');
REVOKE UPDATE (pool_id, user_id, day) ON pool_claim_count FROM atrium_app;
CREATE UNIQUE INDEX pool_claim_count_key ON pool_claim_count (tenant_id, pool_id, user_id, day);
CREATE INDEX ON pool_claim_count (tenant_id, user_id);

ALTER TABLE account
  ADD COLUMN pool_id uuid,
  ADD COLUMN pooled_at timestamptz(3),
  ADD COLUMN previous_owner_id uuid,
  ADD COLUMN claimed_at timestamptz(3),
  ADD COLUMN claim_type text CHECK (claim_type IN ('CREATED', 'ASSIGNED', 'CLAIMED')),
  ADD COLUMN protected_until timestamptz(3),
  ADD COLUMN locked_at timestamptz(3),
  ADD COLUMN locked_by uuid,
  ADD FOREIGN KEY (tenant_id, pool_id) REFERENCES pool (tenant_id, id),
  ADD FOREIGN KEY (tenant_id, previous_owner_id) REFERENCES app_user (tenant_id, id),
  ADD FOREIGN KEY (tenant_id, locked_by) REFERENCES app_user (tenant_id, id),
  ADD CONSTRAINT account_pool_or_owner CHECK (pool_id IS NULL OR owner_id IS NULL);
SELECT atrium.record_table('account');
CREATE INDEX ON account (tenant_id, pool_id, id) WHERE pool_id IS NOT NULL;
CREATE INDEX ON account (tenant_id, previous_owner_id) WHERE previous_owner_id IS NOT NULL;
CREATE INDEX ON account (tenant_id, locked_by) WHERE locked_by IS NOT NULL;
-- What nobody has and no pool holds is asked for by every scope, and there is little of it; owner_id IS NULL alone leads through all that is pooled.
CREATE INDEX account_unowned_idx ON account (tenant_id, id) WHERE owner_id IS NULL AND pool_id IS NULL;

ALTER TABLE lead
  ADD COLUMN pool_id uuid,
  ADD COLUMN pooled_at timestamptz(3),
  ADD COLUMN previous_owner_id uuid,
  ADD COLUMN claimed_at timestamptz(3),
  ADD COLUMN claim_type text CHECK (claim_type IN ('CREATED', 'ASSIGNED', 'CLAIMED')),
  ADD COLUMN protected_until timestamptz(3),
  ADD FOREIGN KEY (tenant_id, pool_id) REFERENCES pool (tenant_id, id),
  ADD FOREIGN KEY (tenant_id, previous_owner_id) REFERENCES app_user (tenant_id, id),
  ADD CONSTRAINT lead_pool_or_owner CHECK (pool_id IS NULL OR owner_id IS NULL);
SELECT atrium.record_table('lead');
CREATE INDEX ON lead (tenant_id, pool_id, id) WHERE pool_id IS NOT NULL;
CREATE INDEX ON lead (tenant_id, previous_owner_id) WHERE previous_owner_id IS NOT NULL;
CREATE INDEX lead_unowned_idx ON lead (tenant_id, id) WHERE owner_id IS NULL AND pool_id IS NULL;

-- People who belong to a pooled customer alone lie in the pool with it.
ALTER TABLE contact
  ADD COLUMN pool_id uuid,
  ADD FOREIGN KEY (tenant_id, pool_id) REFERENCES pool (tenant_id, id),
  ADD CONSTRAINT contact_pool_or_owner CHECK (pool_id IS NULL OR owner_id IS NULL);
SELECT atrium.record_table('contact');
CREATE INDEX ON contact (tenant_id, pool_id, id) WHERE pool_id IS NOT NULL;
CREATE INDEX contact_unowned_idx ON contact (tenant_id, id) WHERE owner_id IS NULL AND pool_id IS NULL;

-- Who had a record, from whom it came and why. Written by triggers alone, so that no path escapes.
CREATE TABLE ownership_record (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  object_type text NOT NULL GENERATED ALWAYS AS (CASE WHEN account_id IS NOT NULL THEN 'ACCOUNT' ELSE 'LEAD' END) STORED
    CHECK (object_type IN ('ACCOUNT', 'LEAD')),
  account_id uuid,
  lead_id uuid,
  from_owner_id uuid,
  to_owner_id uuid,
  from_pool_id uuid,
  to_pool_id uuid,
  reason text NOT NULL
    CHECK (reason IN ('CLAIM', 'ASSIGN', 'RELEASE', 'RECLAIM', 'MOVE', 'TRANSFER', 'HANDOVER', 'CONVERT', 'IMPORT', 'MERGE', 'REGISTRATION')),
  note text,
  rule_id uuid,
  by_id uuid,
  at timestamptz(3) NOT NULL DEFAULT now(),
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
  FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, lead_id) REFERENCES lead (tenant_id, id),
  FOREIGN KEY (tenant_id, from_owner_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, to_owner_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, from_pool_id) REFERENCES pool (tenant_id, id),
  FOREIGN KEY (tenant_id, to_pool_id) REFERENCES pool (tenant_id, id),
  FOREIGN KEY (tenant_id, rule_id) REFERENCES pool_reclaim_rule (tenant_id, id),
  FOREIGN KEY (tenant_id, by_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT ownership_record_one_record CHECK (num_nonnulls(account_id, lead_id) = 1)
);
SELECT atrium.record_table('ownership_record');
-- A merge hangs it on another record, the recycle bin marks it, and who is removed for good is forgotten; what it says stays.
REVOKE UPDATE (reason, note, at) ON ownership_record FROM atrium_app;
CREATE INDEX ON ownership_record (tenant_id, account_id, id) WHERE account_id IS NOT NULL;
CREATE INDEX ON ownership_record (tenant_id, lead_id, id) WHERE lead_id IS NOT NULL;
CREATE INDEX ON ownership_record (tenant_id, from_owner_id) WHERE from_owner_id IS NOT NULL;
CREATE INDEX ON ownership_record (tenant_id, to_owner_id) WHERE to_owner_id IS NOT NULL;
CREATE INDEX ON ownership_record (tenant_id, from_pool_id) WHERE from_pool_id IS NOT NULL;
CREATE INDEX ON ownership_record (tenant_id, to_pool_id) WHERE to_pool_id IS NOT NULL;
CREATE INDEX ON ownership_record (tenant_id, rule_id) WHERE rule_id IS NOT NULL;
CREATE INDEX ON ownership_record (tenant_id, by_id) WHERE by_id IS NOT NULL;
CREATE INDEX ON ownership_record (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Before a row of account or lead is written: a pooled record that gets an owner leaves the pool; what the record says about it follows. Values that the
-- statement itself sets stay as they are set, so that an undo restores what was.
CREATE FUNCTION atrium.settle_ownership() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.owner_id IS NOT NULL THEN
      NEW.claimed_at := coalesce(NEW.claimed_at, now());
      NEW.claim_type := coalesce(NEW.claim_type, 'CREATED');
    END IF;
    IF NEW.pool_id IS NOT NULL THEN
      NEW.pooled_at := coalesce(NEW.pooled_at, now());
    END IF;
    RETURN NEW;
  END IF;
  PERFORM set_config('app.ownership_moved', 'yes', true);
  IF NEW.owner_id IS NOT NULL AND NEW.pool_id IS NOT DISTINCT FROM OLD.pool_id THEN
    NEW.pool_id := NULL;
  END IF;
  IF NEW.owner_id IS DISTINCT FROM OLD.owner_id THEN
    IF OLD.owner_id IS NOT NULL AND NEW.previous_owner_id IS NOT DISTINCT FROM OLD.previous_owner_id THEN
      NEW.previous_owner_id := OLD.owner_id;
    END IF;
    IF NEW.claimed_at IS NOT DISTINCT FROM OLD.claimed_at THEN
      NEW.claimed_at := CASE WHEN NEW.owner_id IS NOT NULL THEN now() END;
      NEW.claim_type := CASE
        WHEN NEW.owner_id IS NULL THEN NULL
        WHEN current_setting('app.ownership_reason', true) = 'CLAIM' THEN 'CLAIMED'
        ELSE 'ASSIGNED'
      END;
    END IF;
  END IF;
  IF NEW.pooled_at IS NOT DISTINCT FROM OLD.pooled_at THEN
    -- From one pool to another it has been without an owner all the time.
    NEW.pooled_at := CASE WHEN NEW.pool_id IS NULL THEN NULL ELSE coalesce(OLD.pooled_at, now()) END;
  END IF;
  -- A lock is its owner's; what lies in a pool has neither.
  IF TG_TABLE_NAME = 'account' AND NEW.pool_id IS NOT NULL THEN
    NEW.locked_at := NULL;
    NEW.locked_by := NULL;
    IF NEW.status = 'LOCKED' THEN
      NEW.status := 'ACTIVE';
    END IF;
  END IF;
  RETURN NEW;
END $$;

-- After a statement that wrote accounts or leads: the history of those whose owner or pool changed, and what goes with the record.
-- Into a pool: people who belong to the customer alone and were its owner's. Out of a pool: they go to the new owner, and so do the open deals and the open tasks
-- that the previous owner still has for it. Reminders of what was to come are over.
CREATE FUNCTION atrium.record_ownership() RETURNS trigger LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  tenant CONSTANT uuid := atrium.tenant_id();
  speaker CONSTANT uuid := atrium.actor_id();
  given CONSTANT text := NULLIF(current_setting('app.ownership_reason', true), '');
  said CONSTANT text := NULLIF(current_setting('app.ownership_note', true), '');
  ruled CONSTANT uuid := NULLIF(current_setting('app.ownership_rule', true), '')::uuid;
  of_accounts CONSTANT boolean := TG_TABLE_NAME = 'account';
  kind CONSTANT text := CASE WHEN TG_TABLE_NAME = 'account' THEN 'Account' ELSE 'Lead' END;
  pooled boolean;
  taken boolean;
BEGIN
  INSERT INTO public.ownership_record
    (tenant_id, account_id, lead_id, from_owner_id, to_owner_id, from_pool_id, to_pool_id, reason, note, rule_id, by_id)
  SELECT n.tenant_id, CASE WHEN of_accounts THEN n.id END, CASE WHEN NOT of_accounts THEN n.id END, o.owner_id, n.owner_id, o.pool_id, n.pool_id,
    coalesce(given, 'TRANSFER'), said, ruled, speaker
  FROM new_rows n JOIN old_rows o USING (tenant_id, id)
  WHERE n.owner_id IS DISTINCT FROM o.owner_id OR n.pool_id IS DISTINCT FROM o.pool_id;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  SELECT coalesce(bool_or(n.pool_id IS NOT NULL AND n.pool_id IS DISTINCT FROM o.pool_id), false), coalesce(bool_or(o.pool_id IS NOT NULL AND n.pool_id IS NULL), false)
  INTO pooled, taken
  FROM new_rows n JOIN old_rows o USING (tenant_id, id);

  IF pooled THEN
    IF of_accounts THEN
      WITH following AS (
        SELECT c.id, n.pool_id
        FROM new_rows n JOIN old_rows o USING (tenant_id, id)
        JOIN public.account_contact l ON l.tenant_id = tenant AND l.account_id = n.id AND l.deleted_at IS NULL
        JOIN public.contact c ON c.tenant_id = tenant AND c.id = l.contact_id AND c.deleted_at IS NULL
        WHERE n.pool_id IS NOT NULL AND n.pool_id IS DISTINCT FROM o.pool_id
          AND (c.owner_id = o.owner_id OR c.pool_id = o.pool_id)
          AND NOT EXISTS (SELECT 1 FROM public.account_contact x WHERE x.tenant_id = tenant AND x.contact_id = c.id AND x.account_id <> n.id AND x.deleted_at IS NULL)
        ORDER BY c.id FOR NO KEY UPDATE OF c
      )
      UPDATE public.contact c SET owner_id = NULL, pool_id = f.pool_id FROM following f WHERE c.tenant_id = tenant AND c.id = f.id;
    END IF;
    WITH over AS (
      SELECT k.id
      FROM new_rows n
      JOIN public.task_link l ON l.tenant_id = tenant AND l.object_type = kind AND l.record_id = n.id AND l.deleted_at IS NULL
      JOIN public.task k ON k.tenant_id = tenant AND k.id = l.task_id AND k.deleted_at IS NULL AND k.external_source = 'atrium:pool'
        AND k.status NOT IN ('DONE', 'CANCELLED')
      WHERE n.pool_id IS NOT NULL
      ORDER BY k.id FOR NO KEY UPDATE OF k
    )
    UPDATE public.task k SET status = 'CANCELLED' FROM over v WHERE k.tenant_id = tenant AND k.id = v.id;
  END IF;

  IF taken THEN
    IF of_accounts THEN
      WITH following AS (
        SELECT c.id, n.owner_id
        FROM new_rows n JOIN old_rows o USING (tenant_id, id)
        JOIN public.account_contact l ON l.tenant_id = tenant AND l.account_id = n.id AND l.deleted_at IS NULL
        JOIN public.contact c ON c.tenant_id = tenant AND c.id = l.contact_id AND c.pool_id = o.pool_id
        WHERE n.pool_id IS NULL AND o.pool_id IS NOT NULL
        ORDER BY c.id FOR NO KEY UPDATE OF c
      )
      UPDATE public.contact c SET owner_id = f.owner_id, pool_id = NULL FROM following f WHERE c.tenant_id = tenant AND c.id = f.id;
      WITH following AS (
        SELECT d.id, n.owner_id
        FROM new_rows n JOIN old_rows o USING (tenant_id, id)
        JOIN public.opportunity d ON d.tenant_id = tenant AND d.account_id = n.id AND d.status = 'OPEN' AND d.deleted_at IS NULL AND d.owner_id = o.previous_owner_id
        WHERE n.pool_id IS NULL AND o.pool_id IS NOT NULL AND n.owner_id <> o.previous_owner_id
        ORDER BY d.id FOR NO KEY UPDATE OF d
      )
      UPDATE public.opportunity d SET owner_id = f.owner_id FROM following f WHERE d.tenant_id = tenant AND d.id = f.id;
    END IF;
    WITH following AS (
      SELECT k.id, n.owner_id
      FROM new_rows n JOIN old_rows o USING (tenant_id, id)
      JOIN public.task_link l ON l.tenant_id = tenant AND l.object_type = kind AND l.record_id = n.id AND l.deleted_at IS NULL
      JOIN public.task k ON k.tenant_id = tenant AND k.id = l.task_id AND k.deleted_at IS NULL AND k.assignee_id = o.previous_owner_id
        AND k.status NOT IN ('DONE', 'CANCELLED')
      WHERE n.pool_id IS NULL AND o.pool_id IS NOT NULL AND n.owner_id <> o.previous_owner_id
        AND NOT EXISTS (SELECT 1 FROM public.task_link x WHERE x.tenant_id = tenant AND x.task_id = k.id AND x.id <> l.id AND x.deleted_at IS NULL)
      ORDER BY k.id FOR NO KEY UPDATE OF k
    )
    UPDATE public.task k SET assignee_id = f.owner_id FROM following f WHERE k.tenant_id = tenant AND k.id = f.id;
  END IF;
  RETURN NULL;
END $$;

-- Of a new record only where it lies: who has it from the beginning is told by the first change of owner.
CREATE TRIGGER ownership_of_new BEFORE INSERT ON account FOR EACH ROW WHEN (NEW.owner_id IS NOT NULL OR NEW.pool_id IS NOT NULL)
  EXECUTE FUNCTION atrium.settle_ownership();
CREATE TRIGGER ownership_of_new BEFORE INSERT ON lead FOR EACH ROW WHEN (NEW.owner_id IS NOT NULL OR NEW.pool_id IS NOT NULL)
  EXECUTE FUNCTION atrium.settle_ownership();
CREATE TRIGGER ownership BEFORE UPDATE OF owner_id, pool_id ON account FOR EACH ROW
  WHEN (NEW.owner_id IS DISTINCT FROM OLD.owner_id OR NEW.pool_id IS DISTINCT FROM OLD.pool_id) EXECUTE FUNCTION atrium.settle_ownership();
CREATE TRIGGER ownership BEFORE UPDATE OF owner_id, pool_id ON lead FOR EACH ROW
  WHEN (NEW.owner_id IS DISTINCT FROM OLD.owner_id OR NEW.pool_id IS DISTINCT FROM OLD.pool_id) EXECUTE FUNCTION atrium.settle_ownership();
-- The row's trigger says that there is something to tell: a write that leaves owners alone, which nearly all are, costs a look at a setting and no more.
CREATE TRIGGER ownership_update AFTER UPDATE ON account REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT WHEN (current_setting('app.ownership_moved', true) = 'yes') EXECUTE FUNCTION atrium.record_ownership();
CREATE TRIGGER ownership_update AFTER UPDATE ON lead REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT WHEN (current_setting('app.ownership_moved', true) = 'yes') EXECUTE FUNCTION atrium.record_ownership();

-- A reminder is made once for a record and its day, also when its task has gone to the recycle bin.
CREATE INDEX task_pool_reminder_idx ON task (tenant_id, external_id) WHERE external_source = 'atrium:pool';

ALTER TABLE owner_quota
  -- Null: as many as they like.
  ADD COLUMN lock_limit integer CHECK (lock_limit >= 0),
  ADD COLUMN exclude_won boolean NOT NULL DEFAULT false;
SELECT atrium.record_table('owner_quota');

-- The seeded roles see the pools, who is in them and their rules; only the administrator sets them.
CREATE FUNCTION atrium.seed_pool_permissions() RETURNS void LANGUAGE sql AS $$
  INSERT INTO object_permission (tenant_id, role_id, object, can_read, read_scope, write_scope)
  SELECT r.tenant_id, r.id, s.object, true, 'ALL', 'OWN'
  FROM role r CROSS JOIN (VALUES ('Pool'), ('PoolMember'), ('PoolReclaimRule')) AS s(object)
  WHERE r.tenant_id = atrium.tenant_id() AND r.is_system AND r.deleted_at IS NULL AND r.key IN ('manager', 'rep', 'readonly')
  ON CONFLICT DO NOTHING
$$;
GRANT EXECUTE ON FUNCTION atrium.seed_pool_permissions() TO atrium_app;

-- For the tenants that are there already, as in 0008. Accounts that were marked as locked are.
ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  one uuid;
BEGIN
  FOR one IN SELECT id FROM tenant LOOP
    PERFORM set_config('app.tenant_id', one::text, true);
    PERFORM atrium.seed_pool_permissions();
    UPDATE account SET locked_at = now() WHERE tenant_id = one AND status = 'LOCKED';
  END LOOP;
  PERFORM set_config('app.tenant_id', '', true);
END $$;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
