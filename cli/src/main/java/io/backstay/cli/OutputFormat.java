package io.backstay.cli;

/** How a command answers on stdout. */
enum OutputFormat {
  /** For people; may change with any release. */
  TEXT,
  /** One JSON document, as docs/schemas describes it. */
  JSON,
  /** One JSON value per line: each item of a list on its own. */
  JSONL;

  boolean forMachines() {
    return this != TEXT;
  }
}
