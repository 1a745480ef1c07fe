-- Merges of customers, contacts and leads: where the merged ones went, and what undoing it takes.

-- A record that was merged lies in the recycle bin and says into which other; its id leads there.
ALTER TABLE account
  ADD COLUMN merged_into_id uuid,
  ADD FOREIGN KEY (tenant_id, merged_into_id) REFERENCES account (tenant_id, id),
  ADD CONSTRAINT account_merged_into_not_self CHECK (merged_into_id <> id);
SELECT atrium.record_table('account');
CREATE INDEX ON account (tenant_id, merged_into_id) WHERE merged_into_id IS NOT NULL;

ALTER TABLE contact
  ADD COLUMN merged_into_id uuid,
  ADD FOREIGN KEY (tenant_id, merged_into_id) REFERENCES contact (tenant_id, id),
  ADD CONSTRAINT contact_merged_into_not_self CHECK (merged_into_id <> id);
SELECT atrium.record_table('contact');
CREATE INDEX ON contact (tenant_id, merged_into_id) WHERE merged_into_id IS NOT NULL;

ALTER TABLE lead
  ADD COLUMN merged_into_id uuid,
  ADD FOREIGN KEY (tenant_id, merged_into_id) REFERENCES lead (tenant_id, id),
  ADD CONSTRAINT lead_merged_into_not_self CHECK (merged_into_id <> id);
SELECT atrium.record_table('lead');
CREATE INDEX ON lead (tenant_id, merged_into_id) WHERE merged_into_id IS NOT NULL;

-- One merge: what became one, by whose choice of values, and until when it can be undone.
CREATE TABLE merge_record (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  object text NOT NULL,
  -- Ids as clients write them: records of several types, which may be gone some day.
  survivor_id text NOT NULL,
  merged_ids text[] NOT NULL,
  -- [{ field, id }]
  field_source jsonb CHECK (jsonb_typeof(field_source) = 'array'),
  -- [{ type, field, count }], as whoever merged could see them.
  moved jsonb CHECK (jsonb_typeof(moved) = 'array'),
  dropped jsonb CHECK (jsonb_typeof(dropped) = 'array'),
  undoable_until timestamptz(3) NOT NULL,
  undone_at timestamptz(3),
  undone_by uuid,
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
  FOREIGN KEY (tenant_id, undone_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('merge_record');
-- What it moved is known when it is done.
REVOKE UPDATE (object, survivor_id, merged_ids, field_source, undoable_until) ON merge_record FROM atrium_app;
CREATE INDEX ON merge_record (tenant_id, survivor_id);
CREATE INDEX ON merge_record (tenant_id, undone_by);
CREATE INDEX ON merge_record (tenant_id, created_by);
CREATE INDEX ON merge_record (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What a merge did to rows of one table, and what takes it back: which it moved from where, which it put into the recycle bin because the survivor had
-- the like, and what it wrote into others. One row for all that moved from one record in one column, however many.
CREATE TABLE merge_item (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  merge_id uuid NOT NULL,
  -- What was done first, second and so on.
  ordinal integer NOT NULL,
  kind text NOT NULL CHECK (kind IN ('MOVED', 'DROPPED', 'CHANGED')),
  source_table text NOT NULL,
  row_ids uuid[] NOT NULL,
  -- Of what moved: the column that held the merged record's id, and that id.
  source_column text,
  from_id uuid,
  -- Of what was changed: the columns, and the whole row before and after.
  columns text[] NOT NULL DEFAULT '{}',
  before jsonb,
  after jsonb,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, merge_id) REFERENCES merge_record (tenant_id, id),
  CONSTRAINT merge_item_moved CHECK ((kind = 'MOVED') = (source_column IS NOT NULL AND from_id IS NOT NULL)),
  CONSTRAINT merge_item_changed CHECK ((kind = 'CHANGED') = (before IS NOT NULL AND after IS NOT NULL))
);
SELECT atrium.tenant_table('merge_item', append_only => true);
CREATE INDEX ON merge_item (tenant_id, merge_id);
