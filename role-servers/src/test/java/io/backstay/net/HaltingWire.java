package io.backstay.net;

import io.backstay.seam.Time;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;

/**
 * Carries bytes between a client and a server until it is halted: from then on nothing passes and
 * nobody is told, as when a cable is cut.
 */
final class HaltingWire implements AutoCloseable {
  private final ServerSocket door = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile boolean halted;

  HaltingWire(String target) throws IOException {
    HostPort to = HostPort.parse(target);
    fork(() -> {
      try (Socket near = door.accept();
          Socket far = new Socket(to.host(), to.port())) {
        fork(() -> carry(near, far));
        carry(far, near);
        closed.await();
      }
    });
  }

  String address() {
    return "127.0.0.1:" + door.getLocalPort();
  }

  void halt() {
    halted = true;
  }

  private void carry(Socket from, Socket to) throws IOException, InterruptedException {
    InputStream in = from.getInputStream();
    OutputStream out = to.getOutputStream();
    byte[] bytes = new byte[65_536];
    for (int read = in.read(bytes); read >= 0; read = in.read(bytes)) {
      if (halted) closed.await();
      out.write(bytes, 0, read);
    }
  }

  private interface Carrying {
    void run() throws IOException, InterruptedException;
  }

  private static void fork(Carrying carrying) {
    Time.system()
        .fork(
            "wire",
            () -> {
              try {
                carrying.run();
              } catch (IOException | InterruptedException end) {
                // One of the two sides left.
              }
            });
  }

  @Override
  public void close() throws IOException {
    closed.countDown();
    door.close();
  }
}
