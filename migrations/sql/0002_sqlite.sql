-- The search index of revision 0002, frozen. Statements are separated by empty lines and hold none themselves.

CREATE TABLE search_people (doc INTEGER PRIMARY KEY, org_id BLOB NOT NULL, kind TEXT NOT NULL, row_id BLOB NOT NULL,
  name TEXT NOT NULL, more TEXT NOT NULL, phone TEXT NOT NULL, phone_end TEXT NOT NULL,
  UNIQUE (row_id, org_id, kind))

CREATE TABLE search_bookings (doc INTEGER PRIMARY KEY, org_id BLOB NOT NULL, row_id BLOB NOT NULL,
  name TEXT NOT NULL, more TEXT NOT NULL, UNIQUE (row_id, org_id))

CREATE VIRTUAL TABLE search_people_fts USING fts5(name, more, phone, phone_end, content='search_people', content_rowid='doc',
  tokenize='unicode61 remove_diacritics 2', prefix='1 2')

CREATE VIRTUAL TABLE search_bookings_fts USING fts5(name, more, content='search_bookings', content_rowid='doc',
  tokenize='unicode61 remove_diacritics 2', prefix='1 2')

CREATE VIEW search_people_source AS
SELECT org_id, 'student' AS kind, row_id, name, more,
  digits || ' ' || substr(digits, 2) || ' ' || substr(digits, 3) || ' ' || substr(digits, 4) AS phone,
  substr(digits, 20, 1) || substr(digits, 19, 1) || substr(digits, 18, 1) || substr(digits, 17, 1) || substr(digits, 16, 1) || substr(digits, 15, 1) || substr(digits, 14, 1) || substr(digits, 13, 1) || substr(digits, 12, 1) || substr(digits, 11, 1) || substr(digits, 10, 1) || substr(digits, 9, 1) || substr(digits, 8, 1) || substr(digits, 7, 1) || substr(digits, 6, 1) || substr(digits, 5, 1) || substr(digits, 4, 1) || substr(digits, 3, 1) || substr(digits, 2, 1) || substr(digits, 1, 1) AS phone_end
FROM (SELECT org_id, id AS row_id, full_name AS name, replace(replace(replace(replace(replace(replace(replace(coalesce(phone, ''), ' ', ''), '+', ''), '-', ''), '(', ''), ')', ''), '.', ''), '/', '') AS digits,
  coalesce(email, '') || ' ' || coalesce(pickup_address, '') || ' ' || CASE replace(replace(full_name, '''', ''), '’', '') WHEN full_name THEN '' ELSE replace(replace(full_name, '''', ''), '’', '') END AS more FROM students WHERE erased_at IS NULL)
UNION ALL
SELECT org_id, 'guardian' AS kind, row_id, name, more,
  digits || ' ' || substr(digits, 2) || ' ' || substr(digits, 3) || ' ' || substr(digits, 4) AS phone,
  substr(digits, 20, 1) || substr(digits, 19, 1) || substr(digits, 18, 1) || substr(digits, 17, 1) || substr(digits, 16, 1) || substr(digits, 15, 1) || substr(digits, 14, 1) || substr(digits, 13, 1) || substr(digits, 12, 1) || substr(digits, 11, 1) || substr(digits, 10, 1) || substr(digits, 9, 1) || substr(digits, 8, 1) || substr(digits, 7, 1) || substr(digits, 6, 1) || substr(digits, 5, 1) || substr(digits, 4, 1) || substr(digits, 3, 1) || substr(digits, 2, 1) || substr(digits, 1, 1) AS phone_end
FROM (SELECT org_id, id AS row_id, full_name AS name, replace(replace(replace(replace(replace(replace(replace(coalesce(phone, ''), ' ', ''), '+', ''), '-', ''), '(', ''), ')', ''), '.', ''), '/', '') AS digits,
  coalesce(email, '') || ' ' || CASE replace(replace(full_name, '''', ''), '’', '') WHEN full_name THEN '' ELSE replace(replace(full_name, '''', ''), '’', '') END AS more FROM guardians)
UNION ALL
SELECT org_id, 'instructor' AS kind, row_id, name, more,
  digits || ' ' || substr(digits, 2) || ' ' || substr(digits, 3) || ' ' || substr(digits, 4) AS phone,
  substr(digits, 20, 1) || substr(digits, 19, 1) || substr(digits, 18, 1) || substr(digits, 17, 1) || substr(digits, 16, 1) || substr(digits, 15, 1) || substr(digits, 14, 1) || substr(digits, 13, 1) || substr(digits, 12, 1) || substr(digits, 11, 1) || substr(digits, 10, 1) || substr(digits, 9, 1) || substr(digits, 8, 1) || substr(digits, 7, 1) || substr(digits, 6, 1) || substr(digits, 5, 1) || substr(digits, 4, 1) || substr(digits, 3, 1) || substr(digits, 2, 1) || substr(digits, 1, 1) AS phone_end
FROM (SELECT org_id, id AS row_id, display_name AS name, replace(replace(replace(replace(replace(replace(replace(coalesce(phone, ''), ' ', ''), '+', ''), '-', ''), '(', ''), ')', ''), '.', ''), '/', '') AS digits,
  coalesce(email, '') || ' ' || CASE replace(replace(display_name, '''', ''), '’', '') WHEN display_name THEN '' ELSE replace(replace(display_name, '''', ''), '’', '') END AS more FROM instructors)

CREATE VIEW search_bookings_source AS
SELECT b.org_id, b.id AS row_id, b.student_id, s.full_name AS name,
  coalesce(b.notes, '') || ' ' || coalesce(b.pickup_address, '') || ' ' || coalesce(b.dropoff_address, '')
  AS more, b.start_at / 60000000 AS minute
FROM bookings AS b JOIN students AS s ON s.org_id = b.org_id AND s.id = b.student_id
WHERE s.erased_at IS NULL

INSERT INTO search_people(org_id, kind, row_id, name, more, phone, phone_end) SELECT org_id, kind, row_id, name, more, phone, phone_end FROM search_people_source

INSERT INTO search_bookings(doc, org_id, row_id, name, more)
  SELECT coalesce((SELECT max(doc) + 1 FROM search_bookings WHERE doc >= minute << 16
      AND doc < (minute + 1) << 16), minute << 16)
    + row_number() OVER (PARTITION BY minute ORDER BY row_id) - 1, org_id, row_id, name, more
  FROM search_bookings_source

INSERT INTO search_people_fts(search_people_fts) VALUES ('rebuild')

INSERT INTO search_bookings_fts(search_bookings_fts) VALUES ('rebuild')

CREATE TRIGGER search_people_added AFTER INSERT ON search_people BEGIN
  INSERT INTO search_people_fts(rowid, name, more, phone, phone_end) VALUES (NEW.doc, NEW.name, NEW.more, NEW.phone, NEW.phone_end);
END

CREATE TRIGGER search_people_removed AFTER DELETE ON search_people BEGIN
  INSERT INTO search_people_fts(search_people_fts, rowid, name, more, phone, phone_end) VALUES ('delete', OLD.doc, OLD.name, OLD.more, OLD.phone, OLD.phone_end);
END

CREATE TRIGGER search_bookings_added AFTER INSERT ON search_bookings BEGIN
  INSERT INTO search_bookings_fts(rowid, name, more) VALUES (NEW.doc, NEW.name, NEW.more);
END

CREATE TRIGGER search_bookings_removed AFTER DELETE ON search_bookings BEGIN
  INSERT INTO search_bookings_fts(search_bookings_fts, rowid, name, more) VALUES ('delete', OLD.doc, OLD.name, OLD.more);
END

CREATE TRIGGER search_students_inserted AFTER INSERT ON students BEGIN
  DELETE FROM search_people WHERE org_id = NEW.org_id AND kind = 'student' AND row_id = NEW.id;
  INSERT INTO search_people(org_id, kind, row_id, name, more, phone, phone_end) SELECT org_id, kind, row_id, name, more, phone, phone_end FROM search_people_source WHERE org_id = NEW.org_id AND kind = 'student' AND row_id = NEW.id;
END

CREATE TRIGGER search_students_updated AFTER UPDATE OF org_id, id, full_name, phone, email, pickup_address, erased_at ON students WHEN OLD.org_id IS NOT NEW.org_id OR OLD.id IS NOT NEW.id OR OLD.full_name IS NOT NEW.full_name OR OLD.phone IS NOT NEW.phone OR OLD.email IS NOT NEW.email OR OLD.pickup_address IS NOT NEW.pickup_address OR OLD.erased_at IS NOT NEW.erased_at BEGIN
  DELETE FROM search_people WHERE org_id = OLD.org_id AND kind = 'student' AND row_id = OLD.id;
  INSERT INTO search_people(org_id, kind, row_id, name, more, phone, phone_end) SELECT org_id, kind, row_id, name, more, phone, phone_end FROM search_people_source WHERE org_id = NEW.org_id AND kind = 'student' AND row_id = NEW.id;
END

CREATE TRIGGER search_students_deleted AFTER DELETE ON students BEGIN
  DELETE FROM search_people WHERE org_id = OLD.org_id AND kind = 'student' AND row_id = OLD.id;
END

CREATE TRIGGER search_guardians_inserted AFTER INSERT ON guardians BEGIN
  DELETE FROM search_people WHERE org_id = NEW.org_id AND kind = 'guardian' AND row_id = NEW.id;
  INSERT INTO search_people(org_id, kind, row_id, name, more, phone, phone_end) SELECT org_id, kind, row_id, name, more, phone, phone_end FROM search_people_source WHERE org_id = NEW.org_id AND kind = 'guardian' AND row_id = NEW.id;
END

CREATE TRIGGER search_guardians_updated AFTER UPDATE OF org_id, id, full_name, phone, email ON guardians WHEN OLD.org_id IS NOT NEW.org_id OR OLD.id IS NOT NEW.id OR OLD.full_name IS NOT NEW.full_name OR OLD.phone IS NOT NEW.phone OR OLD.email IS NOT NEW.email BEGIN
  DELETE FROM search_people WHERE org_id = OLD.org_id AND kind = 'guardian' AND row_id = OLD.id;
  INSERT INTO search_people(org_id, kind, row_id, name, more, phone, phone_end) SELECT org_id, kind, row_id, name, more, phone, phone_end FROM search_people_source WHERE org_id = NEW.org_id AND kind = 'guardian' AND row_id = NEW.id;
END

CREATE TRIGGER search_guardians_deleted AFTER DELETE ON guardians BEGIN
  DELETE FROM search_people WHERE org_id = OLD.org_id AND kind = 'guardian' AND row_id = OLD.id;
END

CREATE TRIGGER search_instructors_inserted AFTER INSERT ON instructors BEGIN
  DELETE FROM search_people WHERE org_id = NEW.org_id AND kind = 'instructor' AND row_id = NEW.id;
  INSERT INTO search_people(org_id, kind, row_id, name, more, phone, phone_end) SELECT org_id, kind, row_id, name, more, phone, phone_end FROM search_people_source WHERE org_id = NEW.org_id AND kind = 'instructor' AND row_id = NEW.id;
END

CREATE TRIGGER search_instructors_updated AFTER UPDATE OF org_id, id, display_name, phone, email ON instructors WHEN OLD.org_id IS NOT NEW.org_id OR OLD.id IS NOT NEW.id OR OLD.display_name IS NOT NEW.display_name OR OLD.phone IS NOT NEW.phone OR OLD.email IS NOT NEW.email BEGIN
  DELETE FROM search_people WHERE org_id = OLD.org_id AND kind = 'instructor' AND row_id = OLD.id;
  INSERT INTO search_people(org_id, kind, row_id, name, more, phone, phone_end) SELECT org_id, kind, row_id, name, more, phone, phone_end FROM search_people_source WHERE org_id = NEW.org_id AND kind = 'instructor' AND row_id = NEW.id;
END

CREATE TRIGGER search_instructors_deleted AFTER DELETE ON instructors BEGIN
  DELETE FROM search_people WHERE org_id = OLD.org_id AND kind = 'instructor' AND row_id = OLD.id;
END

CREATE TRIGGER search_students_bookings_inserted AFTER INSERT ON students BEGIN
  DELETE FROM search_bookings WHERE org_id = NEW.org_id AND row_id IN
    (SELECT id FROM bookings WHERE org_id = NEW.org_id AND student_id = NEW.id);
  INSERT INTO search_bookings(doc, org_id, row_id, name, more)
  SELECT coalesce((SELECT max(doc) + 1 FROM search_bookings WHERE doc >= minute << 16
      AND doc < (minute + 1) << 16), minute << 16)
    + row_number() OVER (PARTITION BY minute ORDER BY row_id) - 1, org_id, row_id, name, more
  FROM search_bookings_source WHERE org_id = NEW.org_id AND student_id = NEW.id;
END

CREATE TRIGGER search_students_bookings_updated AFTER UPDATE OF org_id, id, full_name, erased_at ON students WHEN OLD.org_id IS NOT NEW.org_id OR OLD.id IS NOT NEW.id OR OLD.full_name IS NOT NEW.full_name OR OLD.erased_at IS NOT NEW.erased_at BEGIN
  DELETE FROM search_bookings WHERE org_id = OLD.org_id AND row_id IN
    (SELECT id FROM bookings WHERE org_id = OLD.org_id AND student_id = OLD.id);
  INSERT INTO search_bookings(doc, org_id, row_id, name, more)
  SELECT coalesce((SELECT max(doc) + 1 FROM search_bookings WHERE doc >= minute << 16
      AND doc < (minute + 1) << 16), minute << 16)
    + row_number() OVER (PARTITION BY minute ORDER BY row_id) - 1, org_id, row_id, name, more
  FROM search_bookings_source WHERE org_id = NEW.org_id AND student_id = NEW.id;
END

CREATE TRIGGER search_students_bookings_deleted AFTER DELETE ON students BEGIN
  DELETE FROM search_bookings WHERE org_id = OLD.org_id AND row_id IN
    (SELECT id FROM bookings WHERE org_id = OLD.org_id AND student_id = OLD.id);
END

CREATE TRIGGER search_students_erased AFTER UPDATE OF erased_at ON students
WHEN OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL BEGIN
  DELETE FROM search_people WHERE org_id = OLD.org_id AND kind = 'student' AND row_id = OLD.id;
  DELETE FROM search_bookings WHERE org_id = OLD.org_id AND row_id IN
    (SELECT id FROM bookings WHERE org_id = OLD.org_id AND student_id = OLD.id);
  INSERT INTO search_people_fts(search_people_fts) VALUES ('optimize');
  INSERT INTO search_bookings_fts(search_bookings_fts) VALUES ('optimize');
END

CREATE TRIGGER search_bookings_inserted AFTER INSERT ON bookings BEGIN
  DELETE FROM search_bookings WHERE org_id = NEW.org_id AND row_id = NEW.id;
  INSERT INTO search_bookings(doc, org_id, row_id, name, more)
  SELECT coalesce((SELECT max(doc) + 1 FROM search_bookings WHERE doc >= minute << 16
      AND doc < (minute + 1) << 16), minute << 16)
    + row_number() OVER (PARTITION BY minute ORDER BY row_id) - 1, org_id, row_id, name, more
  FROM search_bookings_source WHERE org_id = NEW.org_id AND row_id = NEW.id;
END

CREATE TRIGGER search_bookings_updated AFTER UPDATE OF org_id, id, student_id, start_at, notes, pickup_address, dropoff_address ON bookings WHEN OLD.org_id IS NOT NEW.org_id OR OLD.id IS NOT NEW.id OR OLD.student_id IS NOT NEW.student_id OR OLD.start_at IS NOT NEW.start_at OR OLD.notes IS NOT NEW.notes OR OLD.pickup_address IS NOT NEW.pickup_address OR OLD.dropoff_address IS NOT NEW.dropoff_address BEGIN
  DELETE FROM search_bookings WHERE org_id = OLD.org_id AND row_id = OLD.id;
  INSERT INTO search_bookings(doc, org_id, row_id, name, more)
  SELECT coalesce((SELECT max(doc) + 1 FROM search_bookings WHERE doc >= minute << 16
      AND doc < (minute + 1) << 16), minute << 16)
    + row_number() OVER (PARTITION BY minute ORDER BY row_id) - 1, org_id, row_id, name, more
  FROM search_bookings_source WHERE org_id = NEW.org_id AND row_id = NEW.id;
END

CREATE TRIGGER search_bookings_deleted AFTER DELETE ON bookings BEGIN
  DELETE FROM search_bookings WHERE org_id = OLD.org_id AND row_id = OLD.id;
END
