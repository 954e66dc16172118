package io.backstay.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.wire.Cbor;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Prints packs or records while the file is read, so that a file of any length needs no memory, and
 * the report behind them. In JSON both are one document, in JSONL the report is the last line.
 */
final class Inspected {
  private final PrintStream out;
  private final OutputFormat format;
  private final boolean records;
  private final String field;
  private JsonGenerator json;

  /**
   * @param records whether anything but the report is to be shown
   * @param field name of what is shown, in JSON
   */
  Inspected(Shell shell, boolean records, String field) {
    this.out = shell.out();
    this.format = shell.output().format();
    this.records = records;
    this.field = field;
  }

  void show(Object part) {
    if (!records) return;
    switch (format) {
      case TEXT -> out.println(part);
      case JSONL -> out.println(Output.line(part));
      case JSON -> {
        try {
          if (json == null) begin();
          json.writePOJO(part);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }

  void end(Object report, Supplier<String> text) throws IOException {
    switch (format) {
      case TEXT -> out.println(text.get());
      case JSONL -> out.println(Output.line(report));
      case JSON -> document(Cbor.json().valueToTree(report));
    }
    out.flush();
  }

  private void document(JsonNode report) throws IOException {
    if (json == null) begin();
    if (records) json.writeEndArray();
    for (Map.Entry<String, JsonNode> field : report.properties()) {
      json.writePOJOField(field.getKey(), field.getValue());
    }
    json.writeEndObject();
    json.flush();
    out.println();
  }

  private void begin() throws IOException {
    json = Cbor.json().createGenerator(out).useDefaultPrettyPrinter();
    json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
    json.writeStartObject();
    if (records) json.writeArrayFieldStart(field);
  }
}
