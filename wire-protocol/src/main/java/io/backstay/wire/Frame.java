package io.backstay.wire;

import java.util.Objects;

/**
 * One message with its bulk bytes, if it has any: what a channel carries. Drawn in {@link
 * FrameCodec}.
 */
public record Frame(Message message, Payload payload) {
  public Frame {
    Objects.requireNonNull(message, "message");
    Objects.requireNonNull(payload, "payload");
  }

  public static Frame of(Message message) {
    return new Frame(message, Payload.none());
  }
}
