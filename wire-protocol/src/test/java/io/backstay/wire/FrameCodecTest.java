package io.backstay.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.model.Bytes;
import io.backstay.model.OperationKind;
import io.backstay.model.Point;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.Reservation;
import io.backstay.model.Signed;
import io.backstay.model.Work;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FrameCodecTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00.123456Z");

  private static final Signed RECORD =
      new Signed(Bytes.of(new byte[] {1}), Bytes.of(new byte[] {2}), Bytes.of(new byte[] {3}));

  @Test
  void everyShapeOfMessageArrivesAsItWasSent() throws IOException {
    Reservation holder =
        new Reservation("vol0", OperationKind.FULL_BACKUP, "full-backup/vol0", "r1", "ab", 7, NOON);
    for (Message message :
        new Message[] {
          new Message.Hello("g", "s0", 1, 1, "backstay 0.1.0"),
          new Message.Request(
              new Command.Start("run/1", "vol0", 3, new Work.FullBackup("a0", "127.0.0.1:1", 0))),
          new Message.Request(new Command.Start("run/2", "vol0", 4, new Work.Resize(RECORD))),
          new Message.Request(new Command.Start("run/3", "vol0", 5, new Work.SetVolume(RECORD))),
          new Message.Request(
              new Command.Reserve("vol0", OperationKind.VERIFY, "w", "r", "h", Optional.of(6L))),
          new Message.Answer(
              new Reply.Refused(
                  Refusal.of(RefusalCode.ALREADY_RUNNING, "no"), Optional.of(holder))),
          new Message.Answer(new Reply.Done()),
          new Message.ImageEnd(Point.Proof.UNCHANGED, 5, 1),
          new Message.ImageResume(
              4096, Optional.of(new Message.Committed(1, NOON, Point.Proof.FROZEN)))
        }) {
      assertThat(roundTrip(Frame.of(message)).message()).isEqualTo(message);
    }
  }

  @Test
  void aFrameHasTheBytesThatAreDrawn() {
    ByteBuffer prefix =
        FrameCodec.encodePrefix(
            new Frame(
                new Message.ImageDurable(65536),
                Payload.of(ByteBuffer.wrap(new byte[] {1, 2, 3}), () -> {})));
    byte[] bytes = new byte[prefix.remaining()];
    prefix.get(bytes);
    assertThat(HexFormat.of().formatHex(bytes))
        .isEqualTo(
            "424b5331" // magic
                + "1d000000" // head bytes
                + "03000000" // payload bytes
                + "2f32a707" // checksum of header, head and block checksums
                + "bf6269736d696d6167652d64757261626c65" // {"is": "image-durable"
                + "647570546f1a00010000ff" // "upTo": 65536}
                + "1ef230f1");
  }

  @Test
  void aKeepAliveHasTheBytesThatAreDrawnAndNothingElseMayBeWithoutAHead() throws IOException {
    byte[] bytes = new byte[FrameCodec.HEADER_BYTES];
    FrameCodec.keepAlive().get(bytes);
    assertThat(HexFormat.of().formatHex(bytes))
        .isEqualTo(
            "424b5331" // magic
                + "00000000" // head bytes
                + "00000000" // payload bytes
                + "e30e44cd"); // CRC32C of the twelve bytes before
    assertThat(FrameCodec.decodeHeader(ByteBuffer.wrap(bytes)).isKeepAlive()).isTrue();
    for (int at = 0; at < bytes.length; at++) {
      byte[] bad = bytes.clone();
      bad[at] ^= 1;
      if (at >= 4 && at < 7) continue; // a head of 1, 256 or 65536 bytes, judged when it is there
      assertThatThrownBy(() -> FrameCodec.decodeHeader(ByteBuffer.wrap(bad)))
          .isInstanceOf(MalformedFrameException.class);
    }
  }

  @Test
  void aPayloadComesWithTheSendersChecksumsAndDamageIsSeen() throws IOException {
    byte[] content = new byte[200_000];
    new Random(1).nextBytes(content);
    Frame sent =
        new Frame(new Message.ImageDurable(0), Payload.of(ByteBuffer.wrap(content), () -> {}));
    assertThat(roundTrip(sent).payload().firstDamagedBlock()).isEqualTo(-1);

    content[70_000] ^= 1;
    assertThat(roundTrip(sent).payload().firstDamagedBlock()).isEqualTo(1);
  }

  @Test
  void aCommandOfANewerReleaseIsUnknownAndUnknownFieldsAreIgnored() throws IOException {
    byte[] newer =
        Cbor.write(
            java.util.Map.of(
                "is",
                "request",
                "command",
                java.util.Map.of("is", "levitate", "height", 3),
                "extra",
                1));
    assertThat(Cbor.read(newer, Message.class))
        .isEqualTo(new Message.Request(new Command.Unknown()));
  }

  @Test
  void anyDamageToHeaderOrHeadIsRefused() {
    ByteBuffer good = FrameCodec.encodePrefix(Frame.of(new Message.ImageDurable(77)));
    for (int at = 0; at < good.limit(); at++) {
      byte[] bad = new byte[good.limit()];
      good.duplicate().get(bad);
      bad[at] ^= 0x10;
      int position = at;
      assertThatThrownBy(() -> decode(ByteBuffer.wrap(bad), ByteBuffer.allocate(0)))
          .as("byte %d flipped", position)
          .isInstanceOf(MalformedFrameException.class);
    }
  }

  @Test
  void aPayloadIsClosedOnce() {
    Payload payload = Payload.of(ByteBuffer.allocate(1), () -> {});
    payload.close();
    assertThatThrownBy(payload::close).isInstanceOf(IllegalStateException.class);
  }

  private static Frame roundTrip(Frame frame) throws IOException {
    return decode(FrameCodec.encodePrefix(frame), frame.payload().bytes());
  }

  private static Frame decode(ByteBuffer prefix, ByteBuffer payload) throws IOException {
    FrameCodec.Header header = FrameCodec.decodeHeader(prefix);
    if (header.prefixBytes() != prefix.remaining())
      throw new MalformedFrameException("lengths do not fit");
    return FrameCodec.decode(header, prefix, payload, () -> {});
  }
}
