-- Moves of deals that somebody has to approve first.

ALTER TABLE stage_transition ADD COLUMN requires_approval boolean NOT NULL DEFAULT false;
SELECT atrium.record_table('stage_transition');

ALTER TABLE opportunity
  -- Where it goes when it is approved, and what the move brings along: { reason, actualCloseDate, lossReasonId, lossReason, lossNote }; seen by nobody.
  ADD COLUMN pending_stage_id uuid,
  ADD COLUMN pending_move jsonb CHECK (jsonb_typeof(pending_move) = 'object'),
  ADD FOREIGN KEY (tenant_id, pending_stage_id) REFERENCES stage (tenant_id, id),
  ADD CONSTRAINT opportunity_pending_move_together CHECK ((pending_stage_id IS NULL) = (pending_move IS NULL));
SELECT atrium.record_table('opportunity');
CREATE INDEX ON opportunity (tenant_id, pending_stage_id);
