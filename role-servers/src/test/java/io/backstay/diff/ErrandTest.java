package io.backstay.diff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.backstay.seam.Time;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class ErrandTest {
  private static Errand errand(Errand.Work work) {
    return new Errand("reading f", work, Time.system());
  }

  @Test
  void whoeverWaitsHearsWhatEndedIt() {
    assertThatThrownBy(
            errand(() -> {
              throw new IOException("a disk");
            })
                ::await)
        .isExactlyInstanceOf(IOException.class)
        .hasMessage("a disk");
    for (Throwable bug : new Throwable[] {new IllegalArgumentException(), new OutOfMemoryError()})
      assertThatThrownBy(
              errand(() -> {
                if (bug instanceof Error error) throw error;
                throw (RuntimeException) bug;
              })
                  ::await)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("reading f")
          .hasCause(bug);
  }

  @Test
  void anInterruptEndsTheWaitAndNotTheWork() throws IOException {
    CountDownLatch go = new CountDownLatch(1);
    AtomicBoolean done = new AtomicBoolean();
    Errand errand =
        errand(() -> {
          try {
            go.await();
          } catch (InterruptedException e) {
            throw new InterruptedIOException("the work was interrupted");
          }
          done.set(true);
        });
    Thread.currentThread().interrupt();
    assertThatThrownBy(errand::await)
        .isInstanceOf(InterruptedIOException.class)
        .hasMessage("reading f");
    go.countDown();
    errand.end();
    assertThat(done).isTrue();
    assertThat(Thread.interrupted()).isTrue();
    errand.await();
  }
}
