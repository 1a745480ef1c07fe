-- The feed: what colleagues tell each other, who it is for, what was said and thought about it.
-- What somebody tells colleagues. team_id, department_id and the record say who, as the audience asks; the users of USERS stand in feed_post_user.
CREATE TABLE feed_post (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  author_id uuid,
  body text NOT NULL,
  audience text NOT NULL DEFAULT 'ALL' CHECK (audience IN ('ALL', 'TEAM', 'DEPARTMENT', 'USERS', 'RECORD')),
  team_id uuid,
  department_id uuid,
  object_type text,
  record_id uuid,
  is_pinned boolean NOT NULL DEFAULT false,
  edited_at timestamptz(3),
  last_activity_at timestamptz(3) NOT NULL DEFAULT now(),
  -- Kept by triggers on comments and reactions.
  comment_count integer NOT NULL DEFAULT 0 CHECK (comment_count >= 0),
  reaction_counts jsonb NOT NULL DEFAULT '{"like": 0, "celebrate": 0, "support": 0, "thanks": 0, "insightful": 0}',
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
  FOREIGN KEY (tenant_id, author_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, team_id) REFERENCES team (tenant_id, id),
  FOREIGN KEY (tenant_id, department_id) REFERENCES department (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  -- A team or department that is removed for good leaves the post to its author.
  CONSTRAINT feed_post_team CHECK (team_id IS NULL OR audience = 'TEAM'),
  CONSTRAINT feed_post_department CHECK (department_id IS NULL OR audience = 'DEPARTMENT'),
  CONSTRAINT feed_post_record CHECK ((record_id IS NOT NULL) = (audience = 'RECORD') AND (object_type IS NOT NULL) = (record_id IS NOT NULL))
);
SELECT atrium.custom_table('feed_post', 'FeedPost');
CREATE INDEX ON feed_post (tenant_id, author_id);
CREATE INDEX ON feed_post (tenant_id, team_id);
CREATE INDEX ON feed_post (tenant_id, department_id);
CREATE INDEX ON feed_post (tenant_id, object_type, record_id);
CREATE INDEX ON feed_post (tenant_id, created_at, id) WHERE deleted_at IS NULL;
-- The feed: the pinned first, then where something happened last.
CREATE INDEX feed_post_feed_idx ON feed_post (tenant_id, is_pinned, last_activity_at, id) WHERE deleted_at IS NULL;

-- Somebody whom a post is for.
CREATE TABLE feed_post_user (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  post_id uuid NOT NULL,
  user_id uuid NOT NULL,
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
  FOREIGN KEY (tenant_id, post_id) REFERENCES feed_post (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('feed_post_user');
CREATE INDEX ON feed_post_user (tenant_id, user_id);
CREATE INDEX ON feed_post_user (tenant_id, created_at, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX feed_post_user_key ON feed_post_user (tenant_id, post_id, user_id) WHERE deleted_at IS NULL;
CREATE INDEX ON feed_post_user (tenant_id, post_id);

-- What was said about a post.
CREATE TABLE feed_comment (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  post_id uuid NOT NULL,
  author_id uuid,
  body text NOT NULL,
  edited_at timestamptz(3),
  reaction_counts jsonb NOT NULL DEFAULT '{"like": 0, "celebrate": 0, "support": 0, "thanks": 0, "insightful": 0}',
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
  FOREIGN KEY (tenant_id, post_id) REFERENCES feed_post (tenant_id, id),
  FOREIGN KEY (tenant_id, author_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.custom_table('feed_comment', 'FeedComment');
CREATE INDEX ON feed_comment (tenant_id, post_id, created_at);
CREATE INDEX ON feed_comment (tenant_id, author_id);
CREATE INDEX ON feed_comment (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Somebody who is named in a post, or in a comment on it.
CREATE TABLE feed_mention (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  post_id uuid NOT NULL,
  comment_id uuid,
  user_id uuid NOT NULL,
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
  FOREIGN KEY (tenant_id, post_id) REFERENCES feed_post (tenant_id, id),
  FOREIGN KEY (tenant_id, comment_id) REFERENCES feed_comment (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('feed_mention');
CREATE INDEX ON feed_mention (tenant_id, post_id);
CREATE INDEX ON feed_mention (tenant_id, comment_id);
CREATE INDEX ON feed_mention (tenant_id, user_id);
CREATE INDEX ON feed_mention (tenant_id, created_at, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX feed_mention_key ON feed_mention (tenant_id, post_id, comment_id, user_id) NULLS NOT DISTINCT WHERE deleted_at IS NULL;

-- What somebody thinks of a post, or of a comment on it, in a word; one per user.
CREATE TABLE feed_reaction (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  post_id uuid NOT NULL,
  comment_id uuid,
  user_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('LIKE', 'CELEBRATE', 'SUPPORT', 'THANKS', 'INSIGHTFUL')),
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
  FOREIGN KEY (tenant_id, post_id) REFERENCES feed_post (tenant_id, id),
  FOREIGN KEY (tenant_id, comment_id) REFERENCES feed_comment (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('feed_reaction');
CREATE INDEX ON feed_reaction (tenant_id, post_id);
CREATE INDEX ON feed_reaction (tenant_id, comment_id);
CREATE INDEX ON feed_reaction (tenant_id, user_id);
CREATE INDEX ON feed_reaction (tenant_id, created_at, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX feed_reaction_key ON feed_reaction (tenant_id, post_id, comment_id, user_id) NULLS NOT DISTINCT WHERE deleted_at IS NULL;

-- Posts count their live comments. As differences under the row's lock, so that two at once are both counted.
CREATE FUNCTION atrium.count_feed_comments() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  steps jsonb := '[]';
BEGIN
  IF TG_OP <> 'DELETE' THEN
    SELECT steps || coalesce(jsonb_agg(jsonb_build_object('post', n.post_id, 'by', 1)), '[]') INTO steps FROM new_rows n WHERE n.deleted_at IS NULL;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    SELECT steps || coalesce(jsonb_agg(jsonb_build_object('post', o.post_id, 'by', -1)), '[]') INTO steps FROM old_rows o WHERE o.deleted_at IS NULL;
  END IF;
  UPDATE public.feed_post p SET comment_count = p.comment_count + s.by,
    last_activity_at = CASE WHEN TG_OP = 'INSERT' THEN greatest(p.last_activity_at, now()) ELSE p.last_activity_at END
  FROM (SELECT x.post, sum(x.by)::integer AS by FROM jsonb_to_recordset(steps) AS x(post uuid, by integer) GROUP BY 1 HAVING sum(x.by) <> 0) s
  WHERE p.tenant_id = atrium.tenant_id() AND p.id = s.post;
  RETURN NULL;
END $$;
CREATE TRIGGER count_insert AFTER INSERT ON feed_comment REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION atrium.count_feed_comments();
CREATE TRIGGER count_update AFTER UPDATE ON feed_comment REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION atrium.count_feed_comments();
CREATE TRIGGER count_delete AFTER DELETE ON feed_comment REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION atrium.count_feed_comments();

-- The counts of reactions after some came and went; both by kind, in small letters.
CREATE FUNCTION atrium.feed_counts(counts jsonb, steps jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_object_agg(k, coalesce((counts ->> k)::integer, 0) + coalesce((steps ->> k)::integer, 0))
  FROM unnest(ARRAY['like', 'celebrate', 'support', 'thanks', 'insightful']) AS k
$$;
GRANT EXECUTE ON FUNCTION atrium.feed_counts(jsonb, jsonb) TO atrium_app;

-- Posts and comments count their live reactions, by kind: those to a comment count there.
CREATE FUNCTION atrium.count_feed_reactions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  steps jsonb := '[]';
BEGIN
  IF TG_OP <> 'DELETE' THEN
    SELECT steps || coalesce(jsonb_agg(jsonb_build_object('post', n.post_id, 'comment', n.comment_id, 'kind', lower(n.kind), 'by', 1)), '[]')
    INTO steps FROM new_rows n WHERE n.deleted_at IS NULL;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    SELECT steps || coalesce(jsonb_agg(jsonb_build_object('post', o.post_id, 'comment', o.comment_id, 'kind', lower(o.kind), 'by', -1)), '[]')
    INTO steps FROM old_rows o WHERE o.deleted_at IS NULL;
  END IF;
  UPDATE public.feed_post p SET reaction_counts = atrium.feed_counts(p.reaction_counts, s.by)
  FROM (SELECT y.post, jsonb_object_agg(y.kind, y.by) AS by FROM (
    SELECT x.post, x.kind, sum(x.by) AS by FROM jsonb_to_recordset(steps) AS x(post uuid, comment uuid, kind text, by integer)
    WHERE x.comment IS NULL GROUP BY 1, 2 HAVING sum(x.by) <> 0) y GROUP BY 1) s
  WHERE p.tenant_id = atrium.tenant_id() AND p.id = s.post;
  UPDATE public.feed_comment c SET reaction_counts = atrium.feed_counts(c.reaction_counts, s.by)
  FROM (SELECT y.comment, jsonb_object_agg(y.kind, y.by) AS by FROM (
    SELECT x.comment, x.kind, sum(x.by) AS by FROM jsonb_to_recordset(steps) AS x(post uuid, comment uuid, kind text, by integer)
    WHERE x.comment IS NOT NULL GROUP BY 1, 2 HAVING sum(x.by) <> 0) y GROUP BY 1) s
  WHERE c.tenant_id = atrium.tenant_id() AND c.id = s.comment;
  RETURN NULL;
END $$;
CREATE TRIGGER count_insert AFTER INSERT ON feed_reaction REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION atrium.count_feed_reactions();
CREATE TRIGGER count_update AFTER UPDATE ON feed_reaction REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION atrium.count_feed_reactions();
CREATE TRIGGER count_delete AFTER DELETE ON feed_reaction REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION atrium.count_feed_reactions();
