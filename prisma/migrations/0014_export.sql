-- Exports: may a role's right be enough, or does each need an approved request.

ALTER TABLE tenant ADD COLUMN export_needs_approval boolean NOT NULL DEFAULT false;
GRANT UPDATE (export_needs_approval) ON tenant TO atrium_app;
