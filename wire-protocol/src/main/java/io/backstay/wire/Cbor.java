package io.backstay.wire;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.cfg.MapperBuilder;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.jsontype.NamedType;
import com.fasterxml.jackson.dataformat.cbor.databind.CBORMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.backstay.model.Work;
import io.backstay.model.WorkResult;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/**
 * Values as CBOR on the wire and as JSON in files and outputs: records by field name, a sealed type
 * by the field {@code is} with the case's name in kebab case ({@code FullBackup} is {@code
 * full-backup}). Unknown fields are ignored and unknown commands arrive as {@link Command.Unknown}
 * (rule K7).
 */
public final class Cbor {
  private static final ObjectMapper CBOR = configured(CBORMapper.builder());
  private static final ObjectMapper JSON = configured(JsonMapper.builder());

  private Cbor() {}

  /** How the cases of a sealed type are told apart. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "is")
  private interface ByName {}

  /** As {@link ByName}, for a type in which a case of a newer release is read as unknown. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "is", defaultImpl = Command.Unknown.class)
  private interface CommandByName {}

  private static <M extends ObjectMapper, B extends MapperBuilder<M, B>> M configured(B builder) {
    builder
        .addModule(new JavaTimeModule())
        .addModule(new Jdk8Module())
        .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
        .disable(SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
        .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
        .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
        .enable(DeserializationFeature.READ_UNKNOWN_ENUM_VALUES_USING_DEFAULT_VALUE)
        .disable(MapperFeature.AUTO_DETECT_IS_GETTERS)
        .addMixIn(Message.class, ByName.class)
        .addMixIn(Reply.class, ByName.class)
        .addMixIn(Command.class, CommandByName.class)
        .addMixIn(Work.class, ByName.class)
        .addMixIn(WorkResult.class, ByName.class);
    for (Class<?> sealed :
        List.of(Message.class, Reply.class, Command.class, Work.class, WorkResult.class)) {
      builder.registerSubtypes(cases(sealed).toArray(NamedType[]::new));
    }
    return builder.build();
  }

  private static List<NamedType> cases(Class<?> sealed) {
    List<NamedType> named = new ArrayList<>();
    for (Class<?> type : sealed.getPermittedSubclasses()) {
      if (type.isSealed()) named.addAll(cases(type));
      else named.add(new NamedType(type, kebab(type.getSimpleName())));
    }
    return named;
  }

  static String kebab(String camel) {
    return camel.replaceAll("(?<=[a-z0-9])(?=[A-Z])", "-").toLowerCase(Locale.ROOT);
  }

  public static byte[] write(Object value) {
    try {
      return CBOR.writeValueAsBytes(value);
    } catch (JacksonException e) {
      throw new IllegalArgumentException("no CBOR for a " + value.getClass().getSimpleName(), e);
    }
  }

  /**
   * @throws MalformedFrameException when the bytes are not CBOR of such a value
   */
  public static <T> T read(byte[] bytes, Class<T> type) throws MalformedFrameException {
    try {
      T value = CBOR.readValue(bytes, type);
      if (value == null)
        throw new MalformedFrameException("a null instead of a " + type.getSimpleName());
      return value;
    } catch (MalformedFrameException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      throw new MalformedFrameException(
          "%d bytes are not a %s: %s".formatted(bytes.length, type.getSimpleName(), reason(e)), e);
    }
  }

  private static String reason(Exception e) {
    return e instanceof JsonMappingException mapping
        ? mapping.getOriginalMessage()
        : String.valueOf(e.getMessage());
  }

  /** The JSON mapper with the same conventions, for metadata files and outputs. */
  public static ObjectMapper json() {
    return JSON;
  }

  /** SHA-256 in hex of the CBOR of a value: equal inputs have equal hashes (rule K3). */
  public static String hash(Object value) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(write(value)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
