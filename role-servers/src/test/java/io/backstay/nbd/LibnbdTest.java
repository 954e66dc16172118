package io.backstay.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.backstay.model.Role;
import io.backstay.net.TestGroup;
import io.backstay.pki.ClientFiles;
import io.backstay.seam.Time;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Period;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What libnbd says of the server, in Python: {@code h} is its handle. */
@Timeout(120)
class LibnbdTest {
  private static final int SIZE_BYTES = 80 << 20;

  /** What fails, and with which error. */
  private static final String FAILS =
      """
      import errno
      def fails(number, call, *words):
          try:
              call(*words)
          except nbd.Error as error:
              assert error.errnum == number, "%s instead of %d" % (error, number)
              return
          raise AssertionError("%s%s was done" % (call, words))
      """;

  @TempDir Path directory;
  private LateExport export;
  private Served served;

  @BeforeEach
  void serve() throws IOException {
    Tools.need("nbdsh");
    export = new LateExport(Served.NAME, SIZE_BYTES);
    served = new Served(directory, export);
  }

  @AfterEach
  void stop() {
    if (served == null) return;
    served.close();
    export.close();
  }

  private static void nbdsh(String script, String... options) throws Exception {
    // The Debian package is for the system's Python, whatever others a user has in front of it.
    List<String> command = new ArrayList<>(List.of("env", "PATH=/usr/bin:/bin", "nbdsh"));
    command.addAll(List.of(options));
    command.addAll(List.of("-c", FAILS, "-c", script));
    Tools.run(command.toArray(String[]::new));
  }

  /** Over both kinds of sockets. */
  private void connected(String script) throws Exception {
    for (NbdListener listener : List.of(served.unix, served.tcp))
      nbdsh(script, "--base-allocation", "--uri", listener.uri(Served.NAME));
  }

  @Test
  void everyCommandWithEveryFlag() throws Exception {
    connected(
        """
        import random
        model = bytearray(h.pread(1 << 20, 0))
        FUA, NO_HOLE, FAST = nbd.CMD_FLAG_FUA, nbd.CMD_FLAG_NO_HOLE, nbd.CMD_FLAG_FAST_ZERO
        for seed in range(400):
            at = 512 * random.randrange(1900)
            n = 512 * random.randrange(1, 100)
            fua = random.choice([0, FUA])
            choice = random.randrange(6)
            if choice < 3:
                data = random.randbytes(n)
                h.pwrite(data, at, fua)
            else:
                data = bytes(n)
            if choice == 3:
                h.trim(n, at, fua)
            if choice == 4:
                h.zero(n, at, fua | random.choice([0, NO_HOLE]))
            if choice == 5:
                try:
                    h.zero(n, at, fua | FAST | random.choice([0, NO_HOLE]))
                except nbd.Error as error:
                    assert error.errnum == errno.EOPNOTSUPP, error
                    h.zero(n, at)
            model[at:at + n] = data
            model = model[:1 << 20]
            if random.randrange(4) == 0:
                h.flush()
                h.cache(n, at)
                assert h.pread(n, at) == data
            whole = bytearray(n)
            def chunk(part, offset, kind, error):
                assert error.value == 0
                if kind == nbd.READ_DATA:
                    whole[offset - at:offset - at + len(part)] = part
            h.pread_structured(n, at, chunk, random.choice([0, nbd.CMD_FLAG_DF]))
            assert whole == data
        assert h.pread(1 << 20, 0) == model
        """);
  }

  @Test
  void blockStatusTellsOfTheWholeRange() throws Exception {
    connected(
        """
        h.zero(h.get_size(), 0)
        h.pwrite(b'x' * 65536, 1 << 20)
        told = []
        def extents(context, offset, entries, error):
            assert context == nbd.CONTEXT_BASE_ALLOCATION and error.value == 0
            told.append((offset, entries))
        h.block_status(4 << 20, 0, extents)
        offset, entries = told.pop()
        assert offset == 0 and sum(entries[0::2]) >= 4 << 20, entries
        at = 0
        for n, flags in zip(entries[0::2], entries[1::2]):
            zero = flags & nbd.STATE_ZERO
            assert not zero or at + n <= 1 << 20 or at >= (1 << 20) + 65536, entries
            at += n
        assert any(flags & nbd.STATE_ZERO for flags in entries[1::2]), entries
        h.block_status(4 << 20, 0, extents, nbd.CMD_FLAG_REQ_ONE)
        offset, entries = told.pop()
        assert len(entries) == 2 and 0 < entries[0] <= 4 << 20, entries
        """);
  }

  /** The client's own checks are switched off. */
  @Test
  void malformedRequestsAreRefusedAndTheConnectionGoesOn() throws Exception {
    connected(
        """
        h.pwrite(b'before' + bytes(506), 0)
        size = h.get_size()
        h.set_strict_mode(0)
        fails(errno.EINVAL, h.pread, 512, 511)
        fails(errno.EINVAL, h.pread, 511, 0)
        fails(errno.EINVAL, h.pread, 512, size)
        fails(errno.EINVAL, h.pread, 1024, size - 512)
        fails(errno.EINVAL, h.pread, 512, 1 << 62)
        fails(errno.EINVAL, h.pread, 512, 0, 1 << 15)
        fails(errno.EINVAL, h.pread, 512, 0, nbd.CMD_FLAG_NO_HOLE)
        fails(errno.ENOSPC, h.pwrite, bytes(1024), size - 512)
        fails(errno.EINVAL, h.pwrite, bytes(512), 1)
        fails(errno.EINVAL, h.pwrite, bytes(100), 0)
        fails(errno.EINVAL, h.pwrite, bytes(512), 0, nbd.CMD_FLAG_DF)
        fails(errno.ENOSPC, h.zero, 1024, size - 512)
        fails(errno.EINVAL, h.zero, 512, 0, nbd.CMD_FLAG_REQ_ONE)
        fails(errno.EINVAL, h.trim, 512, 0, nbd.CMD_FLAG_FAST_ZERO)
        fails(errno.EINVAL, h.trim, 100, 0)
        fails(errno.EINVAL, h.flush, 1 << 14)
        fails(errno.EINVAL, h.block_status, 512, size, lambda *_: 0)
        assert h.pread(512, 0)[:6] == b'before'
        h.pwrite(b'after_' + bytes(506), 0)
        assert h.pread(512, 0)[:6] == b'after_'
        """);
  }

  @Test
  void requestsAsLargeAsIsOffered() throws Exception {
    connected(
        """
        most = h.get_block_size(nbd.SIZE_MAXIMUM)
        assert most == 32 << 20
        data = bytes(range(256)) * (most // 256)
        h.pwrite(data, 4096)
        assert h.pread(most, 4096) == data
        h.zero(h.get_size(), 0)
        assert h.pread(most, 4096) == bytes(most)
        h.set_strict_mode(0)
        fails(errno.EINVAL, h.pread, most + 512, 0)
        fails(errno.EINVAL, h.pwrite, data + bytes(512), 0)
        assert h.pread(512, 0) == bytes(512)
        """);
  }

  @Test
  void manyAreInFlightOnSeveralConnections() throws Exception {
    connected(
        """
        assert h.can_multi_conn()
        handles = [h]
        for i in range(3):
            other = nbd.NBD()
            other.connect_uri(h.get_uri())
            handles.append(other)
        done = [0]
        def count(error):
            assert error.value == 0
            done[0] += 1
            return 1
        def wait(until):
            while done[0] < until:
                for each in handles:
                    if each.aio_in_flight(): each.poll(10)
        block = lambda i: bytes([i % 251]) * 4096
        for i in range(1000):
            handles[i % 4].aio_pwrite(nbd.Buffer.from_bytearray(bytearray(block(i))), 4096 * i, completion=count)
        wait(1000)
        for each in handles: each.aio_flush(completion=count)
        wait(1004)
        buffers = [nbd.Buffer(4096) for _ in range(1000)]
        for i in range(1000):
            handles[(i + 1) % 4].aio_pread(buffers[i], 4096 * i, completion=count)
        wait(2004)
        for i in range(1000): assert buffers[i].to_bytearray() == block(i), i
        for each in handles: each.shutdown()
        """);
  }

  @Test
  void aClientWithoutStructuredRepliesIsServed() throws Exception {
    for (NbdListener listener : List.of(served.unix, served.tcp))
      nbdsh(
          """
          h.set_request_structured_replies(False)
          h.connect_uri("%s")
          assert h.get_protocol() == "newstyle-fixed"
          assert not h.get_structured_replies_negotiated() and not h.can_df()
          h.pwrite(b'y' * 8192, 512)
          assert h.pread(8192, 512) == b'y' * 8192
          h.set_strict_mode(0)
          fails(errno.EINVAL, h.pread, 512, h.get_size())
          fails(errno.EINVAL, h.block_status, 512, 0, lambda *_: 0)
          assert h.pread(8192, 512) == b'y' * 8192
          """
              .formatted(listener.uri(Served.NAME)));
  }

  @Test
  void optionsOneByOne() throws Exception {
    for (NbdListener listener : List.of(served.unix, served.tcp))
      nbdsh(
          """
          h.set_opt_mode(True)
          h.connect_uri("%s")
          names = []
          assert h.opt_list(lambda name, text: names.append(name)) == len(names)
          assert names == ["vol0"], names
          h.set_export_name("nobody")
          fails(errno.ENOENT, h.opt_info)
          fails(errno.ENOENT, h.opt_go)
          assert h.aio_is_negotiating()
          h.set_export_name("vol0")
          contexts = []
          assert h.opt_list_meta_context(lambda name: contexts.append(name)) == 1
          assert contexts == ["base:allocation"], contexts
          h.add_meta_context("unknown:context")
          assert h.opt_list_meta_context(lambda name: 0) == 0
          h.opt_info()
          assert h.get_size() > 0 and not h.is_read_only()
          h.clear_meta_contexts()
          h.add_meta_context("base:allocation")
          h.opt_go()
          assert h.can_meta_context("base:allocation")
          h.pwrite(b'z' * 512, 0)
          assert h.pread(512, 0) == b'z' * 512
          h.shutdown()
          other = nbd.NBD()
          other.set_opt_mode(True)
          other.connect_uri("%s")
          other.opt_abort()
          assert other.aio_is_closed()
          """
              .formatted(listener.uri(Served.NAME), listener.uri(Served.NAME)));
  }

  @Test
  void overTls() throws Exception {
    try (TestGroup group = new TestGroup("group", Files.createDirectory(directory.resolve("ca")));
        NbdServer server =
            new NbdServer(
                Time.system(),
                NbdLimits.DEFAULT,
                new SimpleMeterRegistry(),
                group.credentials("s0", Role.STORAGE))) {
      server.add(new MemoryExport(Served.NAME, Served.SIZE_BYTES), WriteCache.DURABLE);
      NbdListener listener = server.listenTcp("0.0.0.0:0", any -> true);
      Path files = directory.resolve("client");
      group
          .ca()
          .issueClient("host1", Set.of(Served.NAME), Period.ofDays(1), new ClientFiles(files));
      String port = listener.address().substring(listener.address().lastIndexOf(':') + 1);
      nbdsh(
          """
          plain = nbd.NBD()
          fails(errno.ENOTSUP, plain.connect_tcp, "127.0.0.1", "%s")
          h.set_tls(nbd.TLS_REQUIRE)
          h.set_tls_certificates("%s")
          h.set_export_name("vol0")
          h.connect_tcp("127.0.0.1", "%s")
          assert h.get_tls_negotiated() and h.get_structured_replies_negotiated()
          h.pwrite(b't' * 100352, 512, nbd.CMD_FLAG_FUA)
          h.flush()
          assert h.pread(100352, 512) == b't' * 100352
          """
              .formatted(port, files, port));
    }
    assertThat(served.server.bytesInFlight()).isZero();
  }
}
