-- Old notifications and done to-dos are found by their age.
CREATE INDEX notification_read_old_idx ON notification (tenant_id, told_at) WHERE read_at IS NOT NULL;
CREATE INDEX notification_unread_old_idx ON notification (tenant_id, told_at) WHERE read_at IS NULL;
CREATE INDEX todo_item_done_at_idx ON todo_item (tenant_id, done_at) WHERE done_at IS NOT NULL;
