// Files that people upload.

/** A picture of one pixel, which every application takes for one. */
export const PICTURE = {
  mimeType: "image/png",
  buffer: Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "base64",
  ),
};

/** A table with two rows, for what imports SQL. */
export const DUMP = {
  name: "straße 50%.sql",
  mimeType: "application/sql",
  buffer: Buffer.from(`CREATE TABLE notes (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(200));
INSERT INTO notes (text) VALUES ('Straße & 50%'), ('a;b');`),
};
