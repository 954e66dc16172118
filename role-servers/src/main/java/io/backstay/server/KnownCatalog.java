package io.backstay.server;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.RefusedException;
import io.backstay.model.Signed;
import io.backstay.seam.Directory;
import io.backstay.seam.Time;
import io.backstay.wire.CatalogView;
import io.backstay.wire.Channel;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.backstay.wire.UnreachableException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The catalog as far as this process knows it: asked when it is there, else the last durable copy
 * (rule K1). Every signed record is checked, whether it comes from the one or the other. Any
 * thread; one asks at a time and the others take what it got.
 */
final class KnownCatalog {
  private static final Logger LOG = LoggerFactory.getLogger(KnownCatalog.class);
  private static final Duration REPLY_LIMIT = Duration.ofSeconds(10);

  /** A copy that says the same is written again only when it is older than this. */
  private static final Duration COPY_AGE_MAX = Duration.ofMinutes(1);

  private final String group;
  private final String address;
  private final GroupDialer dialer;
  private final LinePool lines;
  private final RecordCheck records;
  private final Directory directory;
  private final Time time;

  private final ReentrantLock lock = new ReentrantLock();
  private volatile Optional<CatalogView> newest = Optional.empty();
  private volatile Optional<String> name = Optional.empty();
  private Instant copied = Instant.MIN;
  private volatile boolean away;

  KnownCatalog(
      String group,
      String address,
      GroupDialer dialer,
      LinePool lines,
      RecordCheck records,
      Directory directory,
      Time time)
      throws IOException {
    this.group = group;
    this.address = address;
    this.dialer = dialer;
    this.lines = lines;
    this.records = records;
    this.directory = directory;
    this.time = time;
    loadCopy();
  }

  private void loadCopy() throws IOException {
    Optional<CatalogCopy> copy = CatalogCopy.load(directory);
    if (copy.isEmpty()) return;
    try {
      newest = Optional.of(verified(copy.get()));
      copied = copy.get().confirmed();
    } catch (IOException e) {
      LOG.warn("the copy of the catalog is not used: {}", e.getMessage());
    }
  }

  String address() {
    return address;
  }

  /** Its server name, once it was reached. */
  Optional<String> name() {
    return name;
  }

  /** Whether {@link #read} gave the copy when it was called last. */
  boolean isAway() {
    return away;
  }

  /** What is known without asking. */
  Optional<CatalogView> newest() {
    return newest;
  }

  /**
   * The catalog's own records, else the last durable copy.
   *
   * @throws UnreachableException when there is neither
   */
  CatalogView read() throws UnreachableException, InterruptedException {
    lock.lockInterruptibly();
    try {
      CatalogView view = taken(ask(new Command.ReadCatalog(), REPLY_LIMIT));
      if (away) LOG.info("the catalog at {} is back", address);
      away = false;
      return view;
    } catch (RefusedException e) {
      return lastKnown("it refuses: " + e.refusal().message(), e);
    } catch (IOException e) {
      return lastKnown(e.getMessage(), e);
    } finally {
      lock.unlock();
    }
  }

  Reply ask(Command command, Duration limit)
      throws RefusedException, UnreachableException, InterruptedException {
    return lines.ask("the catalog at " + address, this::open, command, limit);
  }

  private Channel open() throws RefusedException, UnreachableException, InterruptedException {
    Channel channel = dialer.openCatalog(address);
    name = Optional.of(channel.peer().name());
    return channel;
  }

  private CatalogView taken(Reply reply) throws RefusedException, IOException {
    return switch (reply) {
      case Reply.CatalogRecords records -> {
        CatalogCopy copy = new CatalogCopy(time.now(), records);
        CatalogView view = verified(copy);
        keep(copy, view);
        yield view;
      }
      case Reply.Refused refused -> throw new RefusedException(refused.refusal());
      case Reply other ->
          throw new IOException("it answered with a " + other.getClass().getSimpleName());
    };
  }

  private CatalogView verified(CatalogCopy copy) throws IOException {
    Reply.CatalogRecords given = copy.records();
    if (!given.group().equals(group)) {
      throw new IOException("it is the catalog of group " + given.group() + ", ours is " + group);
    }
    Map<String, ProtectionRecord> volumes = new HashMap<>();
    Map<String, Signed> signed = new HashMap<>();
    for (Signed protection : given.protections()) {
      try {
        ProtectionRecord record = records.check(protection);
        volumes.put(record.volume(), record);
        signed.put(record.volume(), protection);
      } catch (RefusedException e) {
        throw new IOException(
            "a record of its is not to be trusted: %s: %s"
                .formatted(e.refusal().message(), e.refusal().found()),
            e);
      }
    }
    return new CatalogView(
        given.revision(),
        given.group(),
        copy.confirmed(),
        given.servers(),
        volumes,
        signed,
        given.reservations());
  }

  private void keep(CatalogCopy copy, CatalogView view) {
    long known = newest.map(CatalogView::revision).orElse(-1L);
    if (view.revision() < known) {
      LOG.warn(
          "the catalog at {} is at revision {}, it was at {} before: it lost changes",
          address,
          view.revision(),
          known);
    }
    newest = Optional.of(view);
    boolean stale = copied.isBefore(copy.confirmed().minus(COPY_AGE_MAX));
    if (view.revision() == known && !stale) return;
    try {
      copy.store(directory);
      copied = copy.confirmed();
    } catch (IOException e) {
      // What was asked is answered all the same; the next change is tried again.
      LOG.warn("the copy of the catalog in {} was not renewed", directory.description(), e);
    }
  }

  private CatalogView lastKnown(String reason, Exception cause) throws UnreachableException {
    CatalogView last =
        newest.orElseThrow(() ->
            new UnreachableException(
                "the catalog at %s was never reached from here: %s".formatted(address, reason),
                cause));
    if (!away) {
      LOG.warn(
          "the catalog at {} is away ({}), its copy of {} is used",
          address,
          reason,
          last.confirmed());
    }
    away = true;
    return last;
  }
}
