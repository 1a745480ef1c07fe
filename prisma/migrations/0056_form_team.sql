-- The team that the leads of a form are shared with.
ALTER TABLE lead_capture_form ADD COLUMN target_team_id uuid, ADD FOREIGN KEY (tenant_id, target_team_id) REFERENCES team (tenant_id, id);
GRANT UPDATE (target_team_id) ON lead_capture_form TO atrium_app;
CREATE INDEX ON lead_capture_form (tenant_id, target_team_id) WHERE target_team_id IS NOT NULL;
