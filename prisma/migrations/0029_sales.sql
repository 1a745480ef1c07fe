-- Sales: which moves a pipeline allows, what a stage asks for and starts, why and to whom deals are lost, who else works on them, and going stale.

ALTER TABLE object_permission ADD COLUMN can_reopen boolean NOT NULL DEFAULT false;
SELECT atrium.record_table('object_permission');

-- What a user does for the record: a share with a part to play is a place in its team.
ALTER TABLE record_share ADD COLUMN team_role text;
SELECT atrium.record_table('record_share');

ALTER TABLE pipeline
  -- May deals pass over open stages, and go back to earlier ones, where no stage_transition says otherwise.
  ADD COLUMN allow_skip boolean NOT NULL DEFAULT true,
  ADD COLUMN allow_back boolean NOT NULL DEFAULT true,
  -- Ids as clients write them; none: all departments.
  ADD COLUMN department_ids text[] NOT NULL DEFAULT '{}';
SELECT atrium.record_table('pipeline');

ALTER TABLE stage
  -- Names of fields, custom fields and lists of opportunities.
  ADD COLUMN required_fields text[] NOT NULL DEFAULT '{}',
  -- [{ subject, description, dueInDays, assignee, userId }].
  ADD COLUMN entry_tasks jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(entry_tasks) = 'array');
SELECT atrium.record_table('stage');

-- What holds for one move between two stages of a pipeline.
CREATE TABLE stage_transition (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  pipeline_id uuid NOT NULL,
  from_stage_id uuid NOT NULL,
  to_stage_id uuid NOT NULL,
  allowed boolean NOT NULL DEFAULT true,
  required_fields text[] NOT NULL DEFAULT '{}',
  -- Ids as clients write them; none: all roles.
  role_ids text[] NOT NULL DEFAULT '{}',
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
  FOREIGN KEY (tenant_id, pipeline_id) REFERENCES pipeline (tenant_id, id),
  FOREIGN KEY (tenant_id, from_stage_id) REFERENCES stage (tenant_id, id),
  FOREIGN KEY (tenant_id, to_stage_id) REFERENCES stage (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('stage_transition');
CREATE UNIQUE INDEX stage_transition_from_stage_id_to_stage_id_key ON stage_transition (tenant_id, from_stage_id, to_stage_id) WHERE deleted_at IS NULL;
CREATE INDEX ON stage_transition (tenant_id, pipeline_id);
CREATE INDEX ON stage_transition (tenant_id, from_stage_id);
CREATE INDEX ON stage_transition (tenant_id, to_stage_id);

-- Why deals are lost.
CREATE TABLE loss_reason (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  description text,
  active boolean NOT NULL DEFAULT true,
  sort integer NOT NULL DEFAULT 0,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid DEFAULT atrium.actor_id(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_by uuid DEFAULT atrium.actor_id(),
  deleted_at timestamptz(3),
  deleted_by uuid,
  external_source text NOT NULL DEFAULT '',
  external_id text,
  search_text text GENERATED ALWAYS AS (atrium.search_key(name)) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('loss_reason');
CREATE UNIQUE INDEX loss_reason_name_key ON loss_reason (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX ON loss_reason (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON loss_reason (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A company that sells the same.
CREATE TABLE competitor (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  website text,
  strengths text,
  weaknesses text,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid DEFAULT atrium.actor_id(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_by uuid DEFAULT atrium.actor_id(),
  deleted_at timestamptz(3),
  deleted_by uuid,
  external_source text NOT NULL DEFAULT '',
  external_id text,
  search_text text GENERATED ALWAYS AS (atrium.search_key(name)) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.custom_table('competitor', 'Competitor');
CREATE UNIQUE INDEX competitor_name_key ON competitor (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX ON competitor (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON competitor (tenant_id, created_at, id) WHERE deleted_at IS NULL;

ALTER TABLE opportunity
  ADD COLUMN amount_source text NOT NULL DEFAULT 'MANUAL' CHECK (amount_source IN ('MANUAL', 'LINES')),
  ADD COLUMN loss_reason_id uuid,
  ADD COLUMN loss_note text,
  -- Its stage's, so that the database can say when it goes stale.
  ADD COLUMN rotten_days integer CHECK (rotten_days >= 0),
  ADD FOREIGN KEY (tenant_id, loss_reason_id) REFERENCES loss_reason (tenant_id, id);
ALTER TABLE opportunity
  ADD COLUMN rots_at timestamptz(3) GENERATED ALWAYS AS (
    CASE WHEN status = 'OPEN' THEN
      ((greatest(last_activity_at, last_stage_changed_at, created_at) AT TIME ZONE 'UTC') + rotten_days * interval '1 day') AT TIME ZONE 'UTC'
    END) STORED;
SELECT atrium.record_table('opportunity');
CREATE INDEX ON opportunity (tenant_id, loss_reason_id);
CREATE INDEX ON opportunity (tenant_id, rots_at, id) WHERE deleted_at IS NULL;

-- A deal stands in one stage at a time.
CREATE UNIQUE INDEX opportunity_stage_history_open_key ON opportunity_stage_history (tenant_id, opportunity_id) WHERE left_at IS NULL AND deleted_at IS NULL;

-- A competitor in a deal.
CREATE TABLE opportunity_competitor (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  opportunity_id uuid NOT NULL,
  competitor_id uuid NOT NULL,
  is_winner boolean NOT NULL DEFAULT false,
  note text,
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
  FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity (tenant_id, id),
  FOREIGN KEY (tenant_id, competitor_id) REFERENCES competitor (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.custom_table('opportunity_competitor', 'OpportunityCompetitor');
CREATE INDEX ON opportunity_competitor (tenant_id, opportunity_id);
CREATE INDEX ON opportunity_competitor (tenant_id, competitor_id);
CREATE UNIQUE INDEX opportunity_competitor_opportunity_id_competitor_id_key ON opportunity_competitor (tenant_id, opportunity_id, competitor_id) WHERE deleted_at IS NULL;

-- A user's part in what a deal brings.
CREATE TABLE opportunity_split (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  opportunity_id uuid NOT NULL,
  user_id uuid NOT NULL,
  split_pct numeric(5,2) NOT NULL CHECK (split_pct > 0 AND split_pct <= 100),
  -- Kept by the trigger below.
  amount bigint CHECK (amount >= 0),
  currency text CHECK (currency ~ '^[A-Z]{3}$'),
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
  FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT opportunity_split_money_has_currency CHECK (currency IS NOT NULL OR amount IS NULL)
);
SELECT atrium.record_table('opportunity_split');
CREATE INDEX ON opportunity_split (tenant_id, opportunity_id);
CREATE INDEX ON opportunity_split (tenant_id, user_id);
CREATE UNIQUE INDEX opportunity_split_opportunity_id_user_id_key ON opportunity_split (tenant_id, opportunity_id, user_id) WHERE deleted_at IS NULL;

-- The parts follow the amount of their deal, whoever writes it.
CREATE FUNCTION atrium.follow_amount() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE opportunity_split s SET amount = round(NEW.amount::numeric * s.split_pct / 100)::bigint, currency = NEW.currency
  WHERE s.tenant_id = NEW.tenant_id AND s.opportunity_id = NEW.id AND s.deleted_at IS NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER follow_amount AFTER UPDATE OF amount, currency ON opportunity
  FOR EACH ROW WHEN (OLD.amount IS DISTINCT FROM NEW.amount OR OLD.currency IS DISTINCT FROM NEW.currency)
  EXECUTE FUNCTION atrium.follow_amount();

-- A deal's new owner gets the part of the old one, on top of an own one, whoever gives the deal: a transfer, a hand-over, an update.
CREATE FUNCTION atrium.follow_owner() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  part record;
BEGIN
  SELECT s.id, s.split_pct INTO part FROM opportunity_split s
  WHERE s.tenant_id = NEW.tenant_id AND s.opportunity_id = NEW.id AND s.user_id = OLD.owner_id AND s.deleted_at IS NULL;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  UPDATE opportunity_split s SET split_pct = s.split_pct + part.split_pct, amount = round(NEW.amount::numeric * (s.split_pct + part.split_pct) / 100)::bigint
  WHERE s.tenant_id = NEW.tenant_id AND s.opportunity_id = NEW.id AND s.user_id = NEW.owner_id AND s.deleted_at IS NULL;
  IF FOUND THEN
    UPDATE opportunity_split s SET deleted_at = now(), deleted_by = atrium.actor_id() WHERE s.tenant_id = NEW.tenant_id AND s.id = part.id;
  ELSE
    UPDATE opportunity_split s SET user_id = NEW.owner_id WHERE s.tenant_id = NEW.tenant_id AND s.id = part.id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER follow_owner AFTER UPDATE OF owner_id ON opportunity
  FOR EACH ROW WHEN (OLD.owner_id IS NOT NULL AND NEW.owner_id IS NOT NULL AND OLD.owner_id <> NEW.owner_id)
  EXECUTE FUNCTION atrium.follow_owner();

-- The seeded roles see the settings of sales; those that change others' deals open them again.
CREATE FUNCTION atrium.seed_sales() RETURNS void LANGUAGE sql AS $$
  INSERT INTO object_permission (tenant_id, role_id, object, can_read, read_scope, write_scope)
  SELECT r.tenant_id, r.id, s.object, true, 'ALL', 'OWN'
  FROM role r CROSS JOIN (VALUES ('StageTransition'), ('LossReason')) AS s(object)
  WHERE r.tenant_id = atrium.tenant_id() AND r.is_system AND r.deleted_at IS NULL AND r.key IN ('manager', 'rep', 'readonly')
  ON CONFLICT DO NOTHING;
  UPDATE object_permission p SET can_reopen = true
  FROM role r
  WHERE p.tenant_id = atrium.tenant_id() AND r.tenant_id = p.tenant_id AND r.id = p.role_id AND r.is_system AND r.key = 'manager'
    AND r.deleted_at IS NULL AND p.deleted_at IS NULL AND p.object IN ('*', 'Opportunity') AND p.can_update AND NOT p.can_reopen
$$;
GRANT EXECUTE ON FUNCTION atrium.seed_sales() TO atrium_app;

-- For the tenants that are there already, as in 0008.
ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  one uuid;
BEGIN
  FOR one IN SELECT id FROM tenant LOOP
    PERFORM set_config('app.tenant_id', one::text, true);
    PERFORM atrium.seed_sales();
    UPDATE opportunity o SET rotten_days = s.rotten_days FROM stage s
    WHERE o.tenant_id = one AND s.tenant_id = one AND s.id = o.stage_id AND s.rotten_days IS NOT NULL;
    UPDATE opportunity o SET amount_source = 'LINES'
    WHERE o.tenant_id = one AND EXISTS (SELECT 1 FROM opportunity_line l WHERE l.tenant_id = one AND l.opportunity_id = o.id AND l.deleted_at IS NULL);
  END LOOP;
  PERFORM set_config('app.tenant_id', '', true);
END $$;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
