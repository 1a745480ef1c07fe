-- An address that wants no mails by way of one target list, and gets those of others.
ALTER TABLE suppression ADD COLUMN target_list_id uuid,
  ADD FOREIGN KEY (tenant_id, target_list_id) REFERENCES target_list (tenant_id, id),
  ADD CONSTRAINT suppression_list_has_list CHECK ((scope = 'LIST') = (target_list_id IS NOT NULL));
CREATE UNIQUE INDEX suppression_list_key ON suppression (tenant_id, address_hash, target_list_id) WHERE deleted_at IS NULL AND scope = 'LIST';
CREATE INDEX ON suppression (tenant_id, target_list_id, id) WHERE target_list_id IS NOT NULL;

-- Which rows of a report are shown, by what they count and calculate.
ALTER TABLE report ADD COLUMN group_filter jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(group_filter) = 'array');
GRANT UPDATE (group_filter) ON report TO atrium_app;
