-- The address of a user's calendar feed: the hash of what stands in it, so that the table gives nobody the address.
CREATE TABLE calendar_feed (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  user_id uuid NOT NULL,
  key_hash bytea NOT NULL CHECK (length(key_hash) = 32),
  made_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, user_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.tenant_table('calendar_feed');
REVOKE UPDATE (user_id) ON calendar_feed FROM atrium_app;

-- Feeds look for what a user is invited to among what has anybody invited, and for what they have to do by its day.
CREATE INDEX activity_invited_idx ON activity (tenant_id, start_at, id) WHERE attendees <> '[]' AND deleted_at IS NULL;
CREATE INDEX task_assignee_due_idx ON task (tenant_id, assignee_id, due_at) WHERE deleted_at IS NULL;
CREATE INDEX activity_owner_start_idx ON activity (tenant_id, owner_id, start_at) WHERE deleted_at IS NULL;
