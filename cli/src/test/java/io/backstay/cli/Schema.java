package io.backstay.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.wire.Cbor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Checks JSON against a schema of docs/schemas: the part of JSON Schema that those use (type,
 * required, properties, items, enum), and that nothing is there which the schema does not tell.
 */
record Schema(String name, JsonNode rules) {
  static Path directory() {
    return Path.of(System.getProperty("backstay.root", "..")).resolve("docs/schemas");
  }

  static Schema of(String name) {
    try {
      byte[] json = Files.readAllBytes(directory().resolve(name + ".json"));
      return new Schema(name, Cbor.json().readTree(json));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What does not fit, by place; empty if all does. */
  List<String> misfits(JsonNode value) {
    List<String> found = new ArrayList<>();
    check(rules, value, "$", found);
    return found;
  }

  private static void check(JsonNode rules, JsonNode value, String at, List<String> found) {
    if (types(rules).noneMatch(type -> isOf(type, value))) {
      found.add("%s is not %s: %s".formatted(at, rules.path("type"), value));
      return;
    }
    if (value.isTextual()
        && rules.has("enum")
        && elements(rules.get("enum")).noneMatch(value::equals)) {
      found.add("%s is not one of %s: %s".formatted(at, rules.get("enum"), value));
    }
    if (value.isArray()) {
      for (int i = 0; i < value.size(); i++) {
        check(rules.path("items"), value.get(i), at + "[" + i + "]", found);
      }
    }
    if (value.isObject() && rules.has("properties")) checkObject(rules, value, at, found);
  }

  private static void checkObject(JsonNode rules, JsonNode value, String at, List<String> found) {
    elements(rules.path("required"))
        .filter(name -> !value.has(name.asText()))
        .forEach(name -> found.add("%s.%s is missing".formatted(at, name.asText())));
    for (Map.Entry<String, JsonNode> field : value.properties()) {
      JsonNode its = rules.get("properties").get(field.getKey());
      String place = at + "." + field.getKey();
      if (its == null) found.add(place + " is not in the schema");
      else check(its, field.getValue(), place, found);
    }
  }

  private static Stream<String> types(JsonNode rules) {
    JsonNode type = rules.path("type");
    return type.isArray() ? elements(type).map(JsonNode::asText) : Stream.of(type.asText());
  }

  private static boolean isOf(String type, JsonNode value) {
    return switch (type) {
      case "string" -> value.isTextual();
      case "integer" -> value.isIntegralNumber();
      case "number" -> value.isNumber();
      case "boolean" -> value.isBoolean();
      case "object" -> value.isObject();
      case "array" -> value.isArray();
      case "null" -> value.isNull();
      default -> throw new IllegalArgumentException("no such type: " + type);
    };
  }

  private static Stream<JsonNode> elements(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false);
  }
}
