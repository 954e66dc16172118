package io.backstay.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RecentTest {
  private final Recent<Integer, String> recent = new Recent<>(100, String::length);
  private final List<Integer> loaded = new ArrayList<>();

  private String one(int key) throws IOException {
    return recent.get(
        key,
        () -> {
          loaded.add(key);
          return "v" + key;
        });
  }

  private void run(int from, int to) throws IOException {
    recent.fetch(
        IntStream.range(from, to).boxed().toList(),
        number -> {
          for (int i = 0; i < number; i++) loaded.add(from + i);
          return IntStream.range(from, from + number).mapToObj(i -> "v" + i).toList();
        });
  }

  @Test
  void aRunIsLoadedAtOnceUpToTheFirstThatIsThere() throws IOException {
    one(5);
    run(2, 8);
    assertThat(loaded).containsExactly(5, 2, 3, 4);
    for (int key = 2; key < 8; key++) assertThat(one(key)).isEqualTo("v" + key);
    assertThat(loaded).containsExactly(5, 2, 3, 4, 6, 7);
    run(2, 8);
    assertThat(loaded).hasSize(6);
  }

  @Test
  void whoWantsWhatIsBeingFetchedWaitsForThat() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    Thread fetching =
        Thread.ofVirtual()
            .start(() -> {
              try {
                recent.fetch(
                    List.of(1, 2),
                    number -> {
                      begun.countDown();
                      try {
                        go.await();
                      } catch (InterruptedException e) {
                        throw new AssertionError(e);
                      }
                      return List.of("one", "two");
                    });
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    begun.await();
    assertThat(recent.isThere(2)).isFalse();
    CompletableFuture<String> second = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            second.complete(one(2));
          } catch (IOException e) {
            second.completeExceptionally(e);
          }
        });
    go.countDown();
    assertThat(second.get()).isEqualTo("two");
    fetching.join();
    assertThat(loaded).isEmpty();
    assertThat(recent.isThere(2)).isTrue();
  }

  @Test
  void whatCouldNotBeFetchedIsLoadedByWhoNeedsIt() throws IOException {
    assertThatThrownBy(() ->
            recent.fetch(
                List.of(1, 2),
                number -> {
                  throw new IOException("a disk");
                }))
        .hasMessage("a disk");
    assertThat(recent.isThere(1)).isFalse();
    assertThat(one(2)).isEqualTo("v2");
  }

  @Test
  void theOldestGoWhenThereIsNoRoom() throws IOException {
    for (int key = 0; key < 60; key++) one(key);
    assertThat(recent.isThere(0)).isFalse();
    assertThat(recent.isThere(59)).isTrue();
  }

  @Test
  void whatIsUsedUpGoesBeforeWhatIsOlder() throws IOException {
    one(0);
    one(1);
    recent.usedUp(1);
    recent.usedUp(2);
    for (int key = 2; key <= 36; key++) one(key); // 10 of two characters, 27 of three
    assertThat(recent.isThere(1)).isFalse();
    assertThat(recent.isThere(0)).isTrue();
  }

  @Test
  void whatIsUsedIsGivenBackWhenItsLastUserLeaves() throws IOException {
    List<String> back = new ArrayList<>();
    Recent<Integer, String> lent = new Recent<>(10, String::length, back::add);
    lent.use(
        1,
        () -> "first",
        outer -> {
          try {
            lent.use(1, () -> "never", inner -> assertThat(inner).isEqualTo("first"));
            lent.get(2, () -> "second");
          } catch (IOException e) {
            throw new AssertionError(e);
          }
          assertThat(lent.isThere(1)).isFalse();
          assertThat(back).isEmpty();
        });
    assertThat(back).containsExactly("first");
    lent.forget(key -> true);
    assertThat(back).containsExactly("first", "second");
  }

  @Test
  void whatIsForgottenWhileItIsLoadedIsGivenBackWhenItIsThere() throws IOException {
    List<String> back = new ArrayList<>();
    Recent<Integer, String> lent = new Recent<>(100, String::length, back::add);
    lent.fetch(
        List.of(1, 2, 3),
        number -> {
          lent.forget(key -> key < 3);
          return List.of("one", "two", "three");
        });
    assertThat(back).containsExactly("one", "two");
    lent.use(
        4,
        () -> {
          lent.forget(key -> key == 4);
          return "four";
        },
        value -> assertThat(back).doesNotContain("four"));
    assertThat(back).containsExactly("one", "two", "four");
    assertThat(lent.isThere(3)).isTrue();
  }

  @Test
  void whatCouldNotBeLoadedIsNotGivenBack() {
    List<String> back = new ArrayList<>();
    Recent<Integer, String> lent = new Recent<>(100, String::length, back::add);
    assertThatThrownBy(() ->
            lent.use(
                1,
                () -> {
                  throw new IOException("a disk");
                },
                value -> {}))
        .hasMessage("a disk");
    lent.forget(key -> true);
    assertThat(back).isEmpty();
  }
}
