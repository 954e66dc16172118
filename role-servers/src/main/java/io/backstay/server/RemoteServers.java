package io.backstay.server;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import io.backstay.seam.Directory;
import io.backstay.seam.Time;
import io.backstay.wire.CatalogView;
import io.backstay.wire.Command;
import io.backstay.wire.Reply;
import io.backstay.wire.Servers;
import io.backstay.wire.UnreachableException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * The servers of the group over any network, by the names and addresses that the catalog gives.
 * What cannot be reached is said at once (rule K4); trying again is the caller's.
 */
public final class RemoteServers implements Servers, AutoCloseable {
  /**
   * For a reply of a server that is there: the slowest hash 512 MiB. A server that is gone is
   * noticed earlier, by the network.
   */
  private static final Duration REPLY_LIMIT = Duration.ofMinutes(2);

  private final GroupDialer dialer;
  private final LinePool lines;
  private final KnownCatalog catalog;

  /**
   * @param catalogAddress host:port
   * @param records checks what the catalog signed
   * @param directory where the copy of the catalog is kept
   * @throws IOException when the directory cannot be read
   */
  public RemoteServers(
      String group,
      String catalogAddress,
      GroupDialer dialer,
      RecordCheck records,
      Directory directory,
      Time time)
      throws IOException {
    this.dialer = dialer;
    this.lines = new LinePool(time);
    this.catalog = new KnownCatalog(group, catalogAddress, dialer, lines, records, directory, time);
  }

  @Override
  public Reply call(String server, Command command)
      throws UnreachableException, InterruptedException {
    try {
      String address = addressOf(server);
      try {
        return ask(server, address, command);
      } catch (UnreachableException e) {
        Optional<String> moved = newAddressOf(server, address);
        if (moved.isEmpty()) throw e;
        return ask(server, moved.get(), command);
      }
    } catch (RefusedException e) {
      return new Reply.Refused(e.refusal());
    }
  }

  private Reply ask(String server, String address, Command command)
      throws RefusedException, UnreachableException, InterruptedException {
    return lines.ask(
        server + " at " + address, () -> dialer.open(server, address), command, REPLY_LIMIT);
  }

  private String addressOf(String server)
      throws RefusedException, UnreachableException, InterruptedException {
    Optional<String> known = catalog.newest().flatMap(view -> addressIn(view, server));
    if (known.isPresent()) return known.get();
    CatalogView view = catalog.read();
    Optional<String> found = addressIn(view, server);
    if (found.isPresent()) return found.get();
    if (catalog.isAway()) {
      throw new UnreachableException(
          "the catalog at %s is away, and its copy of %s does not name %s"
              .formatted(catalog.address(), view.confirmed(), server),
          null);
    }
    throw new RefusedException(
        Refusal.of(RefusalCode.UNKNOWN_SERVER, "there is no server " + server)
            .found("the catalog names " + view.servers().stream().map(ServerRecord::name).toList())
            .next("backstay status lists the servers"));
  }

  private Optional<String> addressIn(CatalogView view, String server) {
    // The catalog is where our configuration says, whatever it says of itself.
    if (catalog.name().equals(Optional.of(server))) return Optional.of(catalog.address());
    return view.server(server)
        .map(record -> record.role() == Role.CATALOG ? catalog.address() : record.address());
  }

  private Optional<String> newAddressOf(String server, String address) throws InterruptedException {
    if (address.equals(catalog.address())) return Optional.empty();
    try {
      return addressIn(catalog.read(), server).filter(found -> !found.equals(address));
    } catch (UnreachableException e) {
      return Optional.empty();
    }
  }

  @Override
  public CatalogView catalog() throws UnreachableException, InterruptedException {
    return catalog.read();
  }

  /** Closes the idle connections; those in use are closed when their reply came. */
  @Override
  public void close() {
    lines.close();
  }
}
