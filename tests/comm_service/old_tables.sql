-- The tables of the existing service, as its Django (5.0) makes them of its models, with a row in each.
CREATE TABLE "messages" ("id" uuid NOT NULL PRIMARY KEY, "sender_id" uuid NOT NULL, "receiver_id" uuid NOT NULL, "subject" varchar(255) NULL, "body" text NULL, "created_at" timestamp with time zone NOT NULL, "read_at" timestamp with time zone NULL, "metadata" jsonb NOT NULL);
CREATE TABLE "notifications" ("id" uuid NOT NULL PRIMARY KEY, "user_id" uuid NOT NULL, "type" varchar(20) NOT NULL, "title" varchar(255) NULL, "content" text NULL, "related_object_type" varchar(128) NULL, "related_object_id" uuid NULL, "created_at" timestamp with time zone NOT NULL, "sent_at" timestamp with time zone NULL, "status" varchar(20) NOT NULL, "attempts" integer NOT NULL, "last_error" text NULL, "metadata" jsonb NOT NULL);
CREATE TABLE "documents" ("id" uuid NOT NULL PRIMARY KEY, "owner_user_id" uuid NULL, "student_id" uuid NULL, "offer_id" uuid NULL, "storage_path" varchar(2048) NOT NULL, "filename" varchar(512) NULL, "content_type" varchar(255) NULL, "size_bytes" bigint NULL, "uploaded_by" uuid NULL, "uploaded_at" timestamp with time zone NOT NULL, "metadata" jsonb NOT NULL);
CREATE TABLE "email_queue" ("id" uuid NOT NULL PRIMARY KEY, "to_addresses" jsonb NOT NULL, "subject" varchar(255) NULL, "body" text NULL, "headers" jsonb NOT NULL, "created_at" timestamp with time zone NOT NULL, "scheduled_at" timestamp with time zone NULL, "sent_at" timestamp with time zone NULL, "status" varchar(20) NOT NULL, "attempts" integer NOT NULL, "last_error" text NULL);
CREATE INDEX "messages_sender_id_b9973c24" ON "messages" ("sender_id");
CREATE INDEX "messages_receiver_id_1fd1f33a" ON "messages" ("receiver_id");
CREATE INDEX "notifications_user_id_468e288d" ON "notifications" ("user_id");
CREATE INDEX "idx_messages_sender" ON "messages" ("sender_id");
CREATE INDEX "idx_messages_receiver" ON "messages" ("receiver_id");
CREATE INDEX "idx_notifications_user" ON "notifications" ("user_id");
CREATE INDEX "idx_notifications_status" ON "notifications" ("status");
CREATE INDEX "idx_documents_owner" ON "documents" ("owner_user_id");
CREATE INDEX "idx_documents_student" ON "documents" ("student_id");
CREATE INDEX "idx_emailqueue_status" ON "email_queue" ("status");
INSERT INTO messages VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 's', NULL, now(), NULL, '{"bb": 1, "a": 2}');
INSERT INTO notifications VALUES (gen_random_uuid(), gen_random_uuid(), 'email', NULL, '', NULL, NULL, now(), NULL, 'failed', 3, 'no', '[]');
INSERT INTO documents VALUES (gen_random_uuid(), NULL, NULL, NULL, 'p', NULL, NULL, 9223372036854775807, NULL, now(), '{}');
INSERT INTO email_queue VALUES (gen_random_uuid(), '"nobody"', NULL, NULL, '{}', now(), NULL, NULL, 'pending', 0, NULL);
