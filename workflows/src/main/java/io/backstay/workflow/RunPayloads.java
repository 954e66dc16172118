package io.backstay.workflow;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.type.LogicalType;
import com.fasterxml.jackson.datatype.jsr310.deser.InstantDeserializer;
import io.backstay.activity.RefusalFailure;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.wire.Cbor;
import io.temporal.api.common.v1.Payload;
import io.temporal.api.failure.v1.Failure;
import io.temporal.common.converter.DataConverter;
import io.temporal.common.converter.DataConverterException;
import io.temporal.common.converter.DefaultDataConverter;
import io.temporal.common.converter.FailureConverter;
import io.temporal.common.converter.JacksonJsonPayloadConverter;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.DefaultFailureConverter;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Instant;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Collectors;

/**
 * How inputs, results and activities' values become JSON at Temporal. What users type is read
 * strictly: an unknown field or a wrong type is refused as {@code bad-input}. Everything else is
 * read leniently, so that a worker understands the values of a newer one (rule K7).
 */
public final class RunPayloads {
  private static final ObjectMapper STRICT = strict();

  private RunPayloads() {}

  /** The one converter of worker, client and replay. */
  public static DataConverter converter() {
    return DefaultDataConverter.newDefaultInstance()
        .withPayloadConverterOverrides(new Json())
        .withFailureConverter(new RefusingConverter());
  }

  /**
   * Reads a run's input.
   *
   * @throws IOException when the JSON is not such an input; {@link #reason} says why
   */
  public static <T extends RunInput> T read(byte[] json, Class<T> type) throws IOException {
    requireKnownFields(json, type);
    return STRICT.readValue(json, type);
  }

  /** Before all else: of a mistyped name people need not hear that the right one is missing. */
  private static void requireKnownFields(byte[] json, Class<?> type) throws IOException {
    List<Object> known =
        Arrays.stream(type.getRecordComponents()).<Object>map(RecordComponent::getName).toList();
    JsonNode given = STRICT.readTree(json);
    for (Iterator<String> names = given.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      if (known.contains(name)) continue;
      throw UnrecognizedPropertyException.from(given.traverse(), type, name, List.copyOf(known));
    }
  }

  private static ObjectMapper strict() {
    ObjectMapper mapper = Cbor.json().copy();
    mapper.enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
    mapper.enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    mapper.disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT);
    mapper.disable(DeserializationFeature.READ_UNKNOWN_ENUM_VALUES_USING_DEFAULT_VALUE);
    for (LogicalType type : new LogicalType[] {LogicalType.Textual, LogicalType.DateTime}) {
      for (CoercionInputShape shape :
          new CoercionInputShape[] {
            CoercionInputShape.Integer, CoercionInputShape.Float, CoercionInputShape.Boolean
          }) {
        mapper.coercionConfigFor(type).setCoercion(shape, CoercionAction.Fail);
      }
    }
    for (LogicalType type : new LogicalType[] {LogicalType.Integer, LogicalType.Boolean}) {
      mapper
          .coercionConfigFor(type)
          .setCoercion(CoercionInputShape.String, CoercionAction.Fail)
          .setCoercion(CoercionInputShape.EmptyString, CoercionAction.Fail);
    }
    mapper
        .coercionConfigFor(LogicalType.Boolean)
        .setCoercion(CoercionInputShape.Integer, CoercionAction.Fail);
    return mapper.registerModule(new SimpleModule().addDeserializer(Instant.class, new Moment()));
  }

  /** A moment is text: of a number nobody knows whether it counts seconds or milliseconds. */
  private static final class Moment extends StdDeserializer<Instant> {
    private static final long serialVersionUID = 1L;

    Moment() {
      super(Instant.class);
    }

    @Override
    public Instant deserialize(JsonParser parser, DeserializationContext context)
        throws IOException {
      if (parser.currentToken() != JsonToken.VALUE_STRING) {
        return (Instant) context.handleUnexpectedToken(Instant.class, parser);
      }
      return InstantDeserializer.INSTANT.deserialize(parser, context);
    }
  }

  /** What is wrong with a JSON input, in one sentence. */
  static String reason(Throwable e) {
    return switch (e) {
      case UnrecognizedPropertyException unknown ->
          "there is no field '%s'; there are %s"
              .formatted(
                  unknown.getPropertyName(),
                  unknown.getKnownPropertyIds().stream()
                      .map(String::valueOf)
                      .sorted()
                      .collect(Collectors.joining(", ")));
      case ValueInstantiationException invalid when invalid.getCause() != null ->
          String.valueOf(invalid.getCause().getMessage());
      case JsonMappingException mapping when !mapping.getPath().isEmpty() ->
          "field '%s': %s"
              .formatted(mapping.getPath().getLast().getFieldName(), mapping.getOriginalMessage());
      case JsonProcessingException other -> other.getOriginalMessage();
      default -> String.valueOf(e.getMessage());
    };
  }

  /** Strict for {@link RunInput}, lenient for all else. */
  private static final class Json extends JacksonJsonPayloadConverter {
    Json() {
      super(Cbor.json());
    }

    @Override
    public <T> T fromData(Payload content, Class<T> valueClass, Type valueType) {
      if (!RunInput.class.isAssignableFrom(valueClass)) {
        return super.fromData(content, valueClass, valueType);
      }
      try {
        byte[] json = content.getData().toByteArray();
        return valueClass.cast(read(json, valueClass.asSubclass(RunInput.class)));
      } catch (IOException e) {
        throw new UnreadableInput(e);
      }
    }
  }

  /** The JSON of a run's input is not such an input. */
  private static final class UnreadableInput extends DataConverterException {
    private static final long serialVersionUID = 1L;

    UnreadableInput(IOException cause) {
      super("the input of the run is not valid: " + reason(cause), cause);
    }
  }

  /** Input that could not be read fails the run with type {@code bad-input} (rule F3). */
  private static final class RefusingConverter implements FailureConverter {
    private final FailureConverter plain = new DefaultFailureConverter();

    @Override
    public RuntimeException failureToException(Failure failure, DataConverter converter) {
      return plain.failureToException(failure, converter);
    }

    @Override
    public Failure exceptionToFailure(Throwable thrown, DataConverter converter) {
      return plain.exceptionToFailure(
          thrown instanceof UnreadableInput ? refusal(thrown.getMessage()) : thrown, converter);
    }

    private static ApplicationFailure refusal(String message) {
      return RefusalFailure.of(
          Refusal.of(RefusalCode.BAD_INPUT, message)
              .next("docs/workflows.md has the input of each workflow"));
    }
  }
}
