-- Knowledge, return visits, and what service has to do.

-- What articles are about.
CREATE TABLE article_category (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  description text,
  sort integer NOT NULL DEFAULT 0,
  parent_id uuid,
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
  FOREIGN KEY (tenant_id, parent_id) REFERENCES article_category (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('article_category');
CREATE INDEX ON article_category (tenant_id, parent_id);
CREATE INDEX ON article_category (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What is known, written down for colleagues and customers.
CREATE TABLE knowledge_article (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  title text NOT NULL,
  slug text NOT NULL,
  summary text,
  body text NOT NULL,
  -- The words of the body, without its markup.
  body_plain text NOT NULL DEFAULT '',
  category_ids text[] NOT NULL DEFAULT '{}',
  language text,
  visibility text NOT NULL DEFAULT 'INTERNAL' CHECK (visibility IN ('INTERNAL', 'PARTNER', 'PUBLIC')),
  status text NOT NULL DEFAULT 'DRAFT' CHECK (status IN ('DRAFT', 'IN_REVIEW', 'PUBLISHED', 'ARCHIVED')),
  -- Counts what was published.
  revision integer NOT NULL DEFAULT 0 CHECK (revision >= 0),
  publish_at timestamptz(3),
  expire_at timestamptz(3),
  published_at timestamptz(3),
  owner_id uuid,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid DEFAULT atrium.actor_id(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_by uuid DEFAULT atrium.actor_id(),
  deleted_at timestamptz(3),
  deleted_by uuid,
  external_source text NOT NULL DEFAULT '',
  external_id text,
  search_text text GENERATED ALWAYS AS (atrium.search_key(title || ' ' || body_plain)) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.custom_table('knowledge_article', 'KnowledgeArticle');
CREATE UNIQUE INDEX knowledge_article_slug_key ON knowledge_article (tenant_id, slug) WHERE deleted_at IS NULL;
CREATE INDEX ON knowledge_article (tenant_id, owner_id);
CREATE INDEX ON knowledge_article (tenant_id, status, id);
CREATE INDEX ON knowledge_article (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What an article said, or is to say.
CREATE TABLE article_version (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  article_id uuid NOT NULL,
  number integer NOT NULL CHECK (number > 0),
  title text NOT NULL,
  summary text,
  body text NOT NULL,
  status text NOT NULL DEFAULT 'IN_REVIEW' CHECK (status IN ('IN_REVIEW', 'PUBLISHED', 'SUPERSEDED', 'REJECTED')),
  published_at timestamptz(3),
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
  FOREIGN KEY (tenant_id, article_id) REFERENCES knowledge_article (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('article_version');
CREATE INDEX ON article_version (tenant_id, article_id, id);
CREATE UNIQUE INDEX article_version_article_id_number_key ON article_version (tenant_id, article_id, number) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX article_version_review_key ON article_version (tenant_id, article_id) WHERE status = 'IN_REVIEW' AND deleted_at IS NULL;
CREATE INDEX ON article_version (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- An article that answers a case.
CREATE TABLE case_article (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  case_id uuid NOT NULL,
  article_id uuid NOT NULL,
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
  FOREIGN KEY (tenant_id, case_id) REFERENCES service_case (tenant_id, id),
  FOREIGN KEY (tenant_id, article_id) REFERENCES knowledge_article (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.custom_table('case_article', 'CaseArticle');
CREATE UNIQUE INDEX case_article_case_id_article_id_key ON case_article (tenant_id, case_id, article_id) WHERE deleted_at IS NULL;
CREATE INDEX ON case_article (tenant_id, case_id);
CREATE INDEX ON case_article (tenant_id, article_id);
CREATE INDEX ON case_article (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Asking a customer how they are content.
CREATE TABLE return_visit (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  number text NOT NULL,
  account_id uuid NOT NULL,
  contract_id uuid,
  contact_id uuid,
  visitor_id uuid,
  visited_at timestamptz(3),
  method text NOT NULL DEFAULT 'PHONE' CHECK (method IN ('PHONE', 'VISIT', 'EMAIL', 'WECHAT', 'VIDEO')),
  satisfaction integer CHECK (satisfaction BETWEEN 1 AND 5),
  feedback text,
  next_visit_at timestamptz(3),
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid DEFAULT atrium.actor_id(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_by uuid DEFAULT atrium.actor_id(),
  deleted_at timestamptz(3),
  deleted_by uuid,
  external_source text NOT NULL DEFAULT '',
  external_id text,
  search_text text GENERATED ALWAYS AS (atrium.search_key(number)) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, contract_id) REFERENCES contract (tenant_id, id),
  FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id),
  FOREIGN KEY (tenant_id, visitor_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.custom_table('return_visit', 'ReturnVisit');
CREATE UNIQUE INDEX return_visit_number_key ON return_visit (tenant_id, number) WHERE deleted_at IS NULL;
CREATE INDEX ON return_visit (tenant_id, account_id, visited_at);
CREATE INDEX ON return_visit (tenant_id, contract_id);
CREATE INDEX ON return_visit (tenant_id, contact_id);
CREATE INDEX ON return_visit (tenant_id, visitor_id, visited_at);
CREATE INDEX ON return_visit (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What readers say of an article: each once. What was said of one that is gone for good is found by nobody.
CREATE TABLE article_feedback (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  article_id uuid NOT NULL,
  user_id uuid NOT NULL,
  views integer NOT NULL DEFAULT 0 CHECK (views >= 0),
  helpful boolean,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.tenant_table('article_feedback');
REVOKE UPDATE (article_id, user_id) ON article_feedback FROM atrium_app;
CREATE UNIQUE INDEX article_feedback_key ON article_feedback (tenant_id, article_id, user_id);
CREATE INDEX ON article_feedback (tenant_id, user_id);

-- What a milestone took, so that it need not be counted again.
ALTER TABLE case_milestone ADD COLUMN elapsed_sec integer;
SELECT atrium.record_table('case_milestone');

-- Calling a customer again is something to do, until they were called.
CREATE FUNCTION atrium.visit_todo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    PERFORM atrium.todo_done('RETURN_VISIT_DUE', 'ReturnVisit', NEW.id);
  ELSIF NEW.visited_at IS NOT NULL THEN
    PERFORM atrium.todo_done('RETURN_VISIT_DUE', 'ReturnVisit', v.id) FROM return_visit v
    WHERE v.tenant_id = NEW.tenant_id AND v.account_id = NEW.account_id AND v.id <> NEW.id AND v.next_visit_at IS NOT NULL AND v.visited_at <= NEW.visited_at;
  END IF;
  IF NEW.deleted_at IS NULL AND NEW.next_visit_at IS NOT NULL AND NEW.visitor_id IS NOT NULL THEN
    PERFORM atrium.todo_put('RETURN_VISIT_DUE', 'ReturnVisit', NEW.id, NEW.visitor_id, NEW.number, NEW.next_visit_at, NEW.next_visit_at - interval '1 day', NEW.account_id);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER visit_todo_insert AFTER INSERT ON return_visit FOR EACH ROW EXECUTE FUNCTION atrium.visit_todo();
CREATE TRIGGER visit_todo_update AFTER UPDATE ON return_visit FOR EACH ROW
WHEN ((OLD.next_visit_at, OLD.visitor_id, OLD.account_id, OLD.deleted_at) IS DISTINCT FROM (NEW.next_visit_at, NEW.visitor_id, NEW.account_id, NEW.deleted_at))
EXECUTE FUNCTION atrium.visit_todo();

-- A case whose time runs is its owner's to do, by the first of its times.
CREATE FUNCTION atrium.case_todo(one uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  c record;
BEGIN
  SELECT s.owner_id, s.number || ': ' || s.subject AS title, s.account_id, min(m.target_at) AS due INTO c
  FROM service_case s JOIN case_milestone m ON m.tenant_id = s.tenant_id AND m.case_id = s.id
    AND m.completed_at IS NULL AND m.cancelled_at IS NULL AND m.paused_since IS NULL AND m.deleted_at IS NULL
  WHERE s.tenant_id = atrium.tenant_id() AND s.id = one AND s.deleted_at IS NULL GROUP BY s.tenant_id, s.id;
  PERFORM atrium.todo_done('CASE_SLA', 'Case', one);
  IF c.owner_id IS NOT NULL THEN
    PERFORM atrium.todo_put('CASE_SLA', 'Case', one, c.owner_id, c.title, c.due, NULL, c.account_id);
  END IF;
END $$;
GRANT EXECUTE ON FUNCTION atrium.case_todo(uuid) TO atrium_app;
CREATE FUNCTION atrium.case_todo_of_milestone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM atrium.case_todo(NEW.case_id);
  RETURN NULL;
END $$;
CREATE FUNCTION atrium.case_todo_of_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM atrium.case_todo(NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER case_todo_insert AFTER INSERT ON case_milestone FOR EACH ROW EXECUTE FUNCTION atrium.case_todo_of_milestone();
CREATE TRIGGER case_todo_update AFTER UPDATE ON case_milestone FOR EACH ROW
WHEN ((OLD.target_at, OLD.completed_at, OLD.cancelled_at, OLD.paused_since, OLD.deleted_at) IS DISTINCT FROM (NEW.target_at, NEW.completed_at, NEW.cancelled_at, NEW.paused_since, NEW.deleted_at))
EXECUTE FUNCTION atrium.case_todo_of_milestone();
CREATE TRIGGER case_todo_update AFTER UPDATE ON service_case FOR EACH ROW
WHEN ((OLD.owner_id, OLD.deleted_at, OLD.subject) IS DISTINCT FROM (NEW.owner_id, NEW.deleted_at, NEW.subject))
EXECUTE FUNCTION atrium.case_todo_of_case();

-- The seeded roles see what articles are about.
CREATE FUNCTION atrium.seed_knowledge() RETURNS void LANGUAGE sql AS $$
  INSERT INTO object_permission (tenant_id, role_id, object, can_read, read_scope, write_scope)
  SELECT r.tenant_id, r.id, 'ArticleCategory', true, 'ALL', 'OWN'
  FROM role r WHERE r.tenant_id = atrium.tenant_id() AND r.is_system AND r.deleted_at IS NULL AND r.key IN ('manager', 'rep', 'readonly')
  ON CONFLICT DO NOTHING
$$;
GRANT EXECUTE ON FUNCTION atrium.seed_knowledge() TO atrium_app;

-- For the tenants that are there already (0008 says why row security is off for a moment).
ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  one uuid;
BEGIN
  FOR one IN SELECT id FROM tenant LOOP
    PERFORM set_config('app.tenant_id', one::text, true);
    PERFORM atrium.seed_knowledge();
  END LOOP;
  PERFORM set_config('app.tenant_id', '', true);
END $$;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
