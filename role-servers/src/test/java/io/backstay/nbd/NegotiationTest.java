package io.backstay.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class NegotiationTest {
  @TempDir Path directory;
  private Served served;

  @BeforeEach
  void serve() throws IOException {
    served = new Served(directory, new MemoryExport(Served.NAME, Served.SIZE_BYTES));
  }

  @AfterEach
  void stop() {
    served.close();
  }

  private RawClient greeted() throws IOException {
    return RawClient.greeted(served.unixAddress());
  }

  @Test
  void theListNamesTheExport() throws IOException {
    try (RawClient client = greeted()) {
      List<RawClient.Reply> replies = client.option(Protocol.OPT_LIST);
      assertThat(replies).hasSize(2);
      assertThat(replies.getFirst().text()).contains(Served.NAME).contains("memory of a test");
    }
  }

  @Test
  void goTellsSizeFlagsNameDescriptionAndBlockSizes() throws IOException {
    try (RawClient client = greeted()) {
      List<RawClient.Reply> replies =
          client.option(Protocol.OPT_GO, RawClient.wish(Served.NAME, Protocol.INFO_NAME));
      ByteBuffer export = replies.get(0).bytes();
      assertThat(export.getShort()).isEqualTo((short) Protocol.INFO_EXPORT);
      assertThat(export.getLong()).isEqualTo(Served.SIZE_BYTES);
      assertThat(export.getShort() & Protocol.CAN_MULTI_CONN).isNotZero();
      assertThat(replies.get(1).text()).endsWith(Served.NAME);
      assertThat(replies.get(2).text()).endsWith("memory of a test");
      ByteBuffer sizes = replies.get(3).bytes();
      assertThat(sizes.getShort()).isEqualTo((short) Protocol.INFO_BLOCK_SIZE);
      assertThat(sizes.getInt()).isEqualTo(512);
      assertThat(sizes.getInt()).isEqualTo(4096);
      assertThat(sizes.getInt()).isEqualTo(32 << 20);
      assertThat(client.read(0, 512)).hasSize(512);
    }
  }

  @Test
  void infoTellsTheSameAndTheNegotiationGoesOn() throws IOException {
    try (RawClient client = greeted()) {
      assertThat(client.option(Protocol.OPT_INFO, RawClient.wish(Served.NAME))).hasSize(5);
      client.go(Served.NAME);
      assertThat(client.read(4096, 512)).hasSize(512);
    }
  }

  @Test
  void theEmptyNameIsTheOnlyExport() throws IOException {
    try (RawClient client = greeted()) {
      client.go("");
      assertThat(client.read(0, 512)).hasSize(512);
    }
  }

  @Test
  void anUnknownExportIsRefusedAndAnotherMayBeChosen() throws IOException {
    try (RawClient client = greeted()) {
      RawClient.Reply reply = client.option(Protocol.OPT_GO, RawClient.wish("nope")).getLast();
      assertThat(reply.type()).isEqualTo(Protocol.REP_ERR_UNKNOWN);
      assertThat(reply.text()).contains("nope");
      client.go(Served.NAME);
    }
  }

  @Test
  void anUnknownOptionIsAnsweredUnsupported() throws IOException {
    try (RawClient client = greeted()) {
      for (int option : new int[] {4, 11, 12, 1234567}) {
        RawClient.Reply reply = client.option(option, new byte[100]).getLast();
        assertThat(reply.type()).isEqualTo(Protocol.REP_ERR_UNSUP);
        assertThat(reply.option()).isEqualTo(option);
      }
      client.go(Served.NAME);
    }
  }

  @Test
  void malformedOptionsAreInvalidAndTheConnectionStays() throws IOException {
    byte[] tooLongName = {0, 0, 0, 99, 'x', 0, 0};
    try (RawClient client = greeted()) {
      client.option(Protocol.OPT_STRUCTURED_REPLY);
      for (RawClient.Reply reply :
          List.of(
              client.option(Protocol.OPT_LIST, (byte) 1).getLast(),
              client.option(Protocol.OPT_STRUCTURED_REPLY, (byte) 1).getLast(),
              client.option(Protocol.OPT_STARTTLS, (byte) 1).getLast(),
              client.option(Protocol.OPT_GO).getLast(),
              client.option(Protocol.OPT_GO, tooLongName).getLast(),
              client.option(Protocol.OPT_INFO, RawClient.name(Served.NAME)).getLast(),
              client.option(Protocol.OPT_SET_META_CONTEXT, tooLongName).getLast(),
              client.option(Protocol.OPT_LIST_META_CONTEXT, new byte[7]).getLast())) {
        assertThat(reply.type()).isEqualTo(Protocol.REP_ERR_INVALID);
      }
      client.go(Served.NAME);
    }
  }

  @Test
  void contextsAreChosenAfterStructuredReplies() throws IOException {
    byte[] query = RawClient.query(Served.NAME, "base:", Protocol.BASE_ALLOCATION, "qemu:x");
    try (RawClient client = greeted()) {
      assertThat(client.option(Protocol.OPT_SET_META_CONTEXT, query).getLast().type())
          .isEqualTo(Protocol.REP_ERR_INVALID);
      client.option(Protocol.OPT_STRUCTURED_REPLY);
      List<RawClient.Reply> chosen = client.option(Protocol.OPT_SET_META_CONTEXT, query);
      assertThat(chosen).hasSize(2);
      assertThat(chosen.getFirst().text()).endsWith(Protocol.BASE_ALLOCATION);
      List<RawClient.Reply> all =
          client.option(Protocol.OPT_LIST_META_CONTEXT, RawClient.query(Served.NAME));
      assertThat(all).hasSize(2);
      List<RawClient.Reply> none =
          client.option(Protocol.OPT_SET_META_CONTEXT, RawClient.query(Served.NAME));
      assertThat(none).hasSize(1);
    }
  }

  @Test
  void anOldClientGetsItsZeroesUnlessItWantsNone() throws IOException {
    byte[] name = Served.NAME.getBytes(StandardCharsets.UTF_8);
    try (RawClient client = RawClient.connect(served.tcpAddress())) {
      client.greet(Protocol.FIXED_NEWSTYLE);
      client.send(NbdSocket.option(Protocol.OPT_EXPORT_NAME, name));
      ByteBuffer told = client.read(10 + Protocol.ZEROES_BYTES);
      assertThat(told.getLong()).isEqualTo(Served.SIZE_BYTES);
      assertThat(client.read(0, 512)).hasSize(512);
    }
    try (RawClient client = greeted()) {
      client.send(NbdSocket.option(Protocol.OPT_EXPORT_NAME, name));
      assertThat(client.read(10).getLong()).isEqualTo(Served.SIZE_BYTES);
      assertThat(client.read(0, 512)).hasSize(512);
    }
  }

  @Test
  void anOldClientThatAsksForWhatIsNotThereIsClosed() throws IOException {
    try (RawClient client = greeted()) {
      client.send(NbdSocket.option(Protocol.OPT_EXPORT_NAME, new byte[] {'x'}));
      assertThat(client.isClosed()).isTrue();
    }
  }

  @Test
  void abortIsAcknowledgedAndEndsTheConnection() throws IOException {
    try (RawClient client = greeted()) {
      assertThat(client.option(Protocol.OPT_ABORT)).hasSize(1);
      assertThat(client.isClosed()).isTrue();
    }
  }

  @Test
  void requestsThatFollowGoAtOnceAreAnswered() throws IOException {
    try (RawClient client = greeted()) {
      ByteBuffer go = NbdSocket.option(Protocol.OPT_GO, RawClient.wish(Served.NAME)).flip();
      ByteBuffer both = ByteBuffer.allocate(go.remaining() + Protocol.REQUEST_BYTES);
      both.put(go).put(RawClient.requestBytes(Protocol.READ, 0, 7, 0, 512).flip());
      client.send(both);
      RawClient.Reply reply = client.reply();
      while (reply.type() != Protocol.REP_ACK) reply = client.reply();
      assertThat(client.answer(512))
          .satisfies(answer -> {
            assertThat(answer.cookie()).isEqualTo(7);
            assertThat(answer.data()).hasSize(512);
          });
    }
  }
}
