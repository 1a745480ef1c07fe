-- What customers say of the company when it asks them, and knowledge that everybody may read.

-- What customers are asked, by mail.
CREATE TABLE survey (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  type text NOT NULL DEFAULT 'CSAT' CHECK (type IN ('CSAT', 'NPS')),
  question text NOT NULL,
  active boolean NOT NULL DEFAULT true,
  trigger text NOT NULL DEFAULT 'MANUAL' CHECK (trigger IN ('MANUAL', 'CASE_CLOSED')),
  template_id uuid NOT NULL,
  days_valid integer NOT NULL DEFAULT 14 CHECK (days_valid BETWEEN 1 AND 365),
  -- For so long a contact who was asked anything is left alone.
  rest_days integer NOT NULL DEFAULT 30 CHECK (rest_days BETWEEN 0 AND 3650),
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
  FOREIGN KEY (tenant_id, template_id) REFERENCES email_template (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('survey');
CREATE UNIQUE INDEX survey_name_key ON survey (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX ON survey (tenant_id, template_id);
CREATE INDEX ON survey (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- That a customer was asked, and what they answered.
CREATE TABLE survey_response (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  survey_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  account_id uuid,
  case_id uuid,
  message_id uuid,
  sent_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL,
  score integer CHECK (score BETWEEN 0 AND 10),
  comment text,
  responded_at timestamptz(3),
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
  FOREIGN KEY (tenant_id, survey_id) REFERENCES survey (tenant_id, id),
  FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, case_id) REFERENCES service_case (tenant_id, id),
  FOREIGN KEY (tenant_id, message_id) REFERENCES email_message (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT survey_response_answered CHECK ((score IS NULL) = (responded_at IS NULL))
);
SELECT atrium.record_table('survey_response');
CREATE INDEX ON survey_response (tenant_id, survey_id, sent_at);
CREATE INDEX ON survey_response (tenant_id, contact_id, sent_at);
CREATE INDEX ON survey_response (tenant_id, account_id);
CREATE INDEX ON survey_response (tenant_id, case_id);
CREATE INDEX ON survey_response (tenant_id, message_id);
-- A case is asked about once.
CREATE UNIQUE INDEX survey_response_case_key ON survey_response (tenant_id, survey_id, case_id) WHERE deleted_at IS NULL;
CREATE INDEX ON survey_response (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- How often articles were looked at by people who are not signed in, by day. Apart from the articles, whose version and changes are for what is written.
CREATE TABLE article_visit (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  article_id uuid NOT NULL,
  day date NOT NULL,
  views integer NOT NULL DEFAULT 0 CHECK (views >= 0),
  PRIMARY KEY (tenant_id, id)
);
SELECT atrium.tenant_table('article_visit');
REVOKE UPDATE (article_id, day) ON article_visit FROM atrium_app;
CREATE UNIQUE INDEX article_visit_key ON article_visit (tenant_id, article_id, day);

-- May everybody read the articles that are written for everybody.
ALTER TABLE tenant ADD COLUMN service_public_knowledge boolean NOT NULL DEFAULT false;
GRANT UPDATE (service_public_knowledge) ON tenant TO atrium_app;

-- Articles are found by words of a case (decision 0016).
SELECT atrium.search_table('knowledge_article');

-- The seeded roles see what customers are asked; those who work with customers ask them.
CREATE FUNCTION atrium.seed_surveys() RETURNS void LANGUAGE sql AS $$
  INSERT INTO object_permission (tenant_id, role_id, object, can_read, read_scope, write_scope)
  SELECT r.tenant_id, r.id, 'Survey', true, 'ALL', 'OWN'
  FROM role r WHERE r.tenant_id = atrium.tenant_id() AND r.is_system AND r.deleted_at IS NULL AND r.key IN ('manager', 'rep', 'readonly')
  ON CONFLICT DO NOTHING
$$;
GRANT EXECUTE ON FUNCTION atrium.seed_surveys() TO atrium_app;

-- For the tenants that are there already (0008 says why row security is off for a moment).
ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  one uuid;
BEGIN
  FOR one IN SELECT id FROM tenant LOOP
    PERFORM set_config('app.tenant_id', one::text, true);
    PERFORM atrium.seed_surveys();
  END LOOP;
  PERFORM set_config('app.tenant_id', '', true);
END $$;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
