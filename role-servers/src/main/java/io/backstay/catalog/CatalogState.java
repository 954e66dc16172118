package io.backstay.catalog;

import io.backstay.model.ProtectionRecord;
import io.backstay.model.Reservation;
import io.backstay.model.ServerRecord;
import io.backstay.model.Signed;
import io.backstay.wire.Cbor;
import io.backstay.wire.MalformedFrameException;
import io.backstay.wire.Reply;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * All that the catalog holds, at one revision: a value that never changes.
 *
 * @param revision number of changes since the group was made
 * @param protections by volume
 * @param reservations of all volumes, in the order in which they were given
 * @param epochs the last epoch given, by volume; stays when the volume's record is removed, so that
 *     a command of an old reservation can never look current (rule K2)
 */
record CatalogState(
    long revision,
    String group,
    SortedMap<String, Server> servers,
    SortedMap<String, Protection> protections,
    List<Reservation> reservations,
    SortedMap<String, Long> epochs,
    Sizes sizes) {

  /**
   * About how much of a frame the catalog takes: an upper bound that is kept up change by change,
   * so that a full catalog is noticed without being written.
   *
   * @param recordBytes of servers and protections
   */
  record Sizes(long recordBytes, long reservationBytes) {
    private static final Sizes NONE = new Sizes(0, 0);

    /** What a reply has around its records. */
    private static final int REPLY_BYTES = 512;

    /** Key and version of a server in the map of versions. */
    private static final int VERSION_BYTES = 16;

    long total() {
      return REPLY_BYTES + recordBytes + reservationBytes;
    }

    private Sizes records(long before, long after) {
      return new Sizes(recordBytes - before + after, reservationBytes);
    }

    private Sizes reservations(long before, long after) {
      return new Sizes(recordBytes, reservationBytes - before + after);
    }

    private static long of(Server server) {
      return server == null
          ? 0
          : Cbor.write(server.record()).length + server.record().name().length() + VERSION_BYTES;
    }

    private static long of(Protection protection) {
      return protection == null ? 0 : Cbor.write(protection.signed()).length;
    }

    private static long of(List<Reservation> reservations) {
      return reservations.stream().mapToLong(held -> Cbor.write(held).length).sum();
    }
  }

  /**
   * @param version grows by one with each write of this name, the first is 1
   */
  record Server(ServerRecord record, long version) {}

  /**
   * @param signed the very bytes that were signed, handed to servers as they are
   */
  record Protection(ProtectionRecord record, Signed signed) {
    static Protection of(Signed signed) throws MalformedFrameException {
      return new Protection(Cbor.read(signed.content().toArray(), ProtectionRecord.class), signed);
    }
  }

  /** The same as CBOR: body of a snapshot's entry. The revision stands in the entry's header. */
  record Snapshot(
      String group,
      List<Server> servers,
      List<Signed> protections,
      List<Reservation> reservations,
      Map<String, Long> epochs) {}

  CatalogState {
    servers = Collections.unmodifiableSortedMap(new TreeMap<>(servers));
    protections = Collections.unmodifiableSortedMap(new TreeMap<>(protections));
    reservations = List.copyOf(reservations);
    epochs = Collections.unmodifiableSortedMap(new TreeMap<>(epochs));
  }

  /** A group in which nothing happened yet. */
  static CatalogState empty(String group) {
    return new CatalogState(
        0, group, new TreeMap<>(), new TreeMap<>(), List.of(), new TreeMap<>(), Sizes.NONE);
  }

  /** The last epoch given for the volume, 0 if none ever was. */
  long lastEpoch(String volume) {
    return epochs.getOrDefault(volume, 0L);
  }

  List<Reservation> holders(String volume) {
    return reservations.stream().filter(held -> held.volume().equals(volume)).toList();
  }

  /** Whether a reservation with this epoch holds the volume now. */
  boolean holds(String volume, long epoch) {
    return holders(volume).stream().anyMatch(held -> held.epoch() == epoch);
  }

  /**
   * @throws MalformedFrameException when the change has a record that cannot be read
   */
  CatalogState apply(CatalogChange change) throws MalformedFrameException {
    SortedMap<String, Server> newServers = new TreeMap<>(servers);
    SortedMap<String, Protection> newProtections = new TreeMap<>(protections);
    List<Reservation> newReservations = new ArrayList<>(reservations);
    SortedMap<String, Long> newEpochs = new TreeMap<>(epochs);
    Sizes newSizes =
        switch (change) {
          case CatalogChange.ServerWritten(ServerRecord server, long version) -> {
            Server after = new Server(server, version);
            Server before = newServers.put(server.name(), after);
            yield sizes.records(Sizes.of(before), Sizes.of(after));
          }
          case CatalogChange.ProtectionWritten(Signed signed) -> {
            Protection after = Protection.of(signed);
            Protection before = newProtections.put(after.record().volume(), after);
            yield sizes.records(Sizes.of(before), Sizes.of(after));
          }
          case CatalogChange.ProtectionRemoved(String volume) ->
              sizes.records(Sizes.of(newProtections.remove(volume)), 0);
          case CatalogChange.Reserved(Reservation reservation) -> {
            newReservations.add(reservation);
            newEpochs.put(reservation.volume(), reservation.epoch());
            yield sizes.reservations(0, Sizes.of(List.of(reservation)));
          }
          case CatalogChange.Released(String volume, long epoch) -> {
            List<Reservation> ended =
                holders(volume).stream().filter(held -> held.epoch() == epoch).toList();
            newReservations.removeAll(ended);
            yield sizes.reservations(Sizes.of(ended), 0);
          }
        };
    return new CatalogState(
        revision + 1, group, newServers, newProtections, newReservations, newEpochs, newSizes);
  }

  CatalogState apply(List<CatalogChange> changes) throws MalformedFrameException {
    CatalogState state = this;
    for (CatalogChange change : changes) state = state.apply(change);
    return state;
  }

  Reply.CatalogRecords records() {
    return new Reply.CatalogRecords(
        revision,
        group,
        servers.values().stream().map(Server::record).toList(),
        servers.values().stream()
            .collect(Collectors.toMap(server -> server.record().name(), Server::version)),
        protections.values().stream().map(Protection::signed).toList(),
        reservations);
  }

  Snapshot snapshot() {
    return new Snapshot(
        group,
        List.copyOf(servers.values()),
        protections.values().stream().map(Protection::signed).toList(),
        reservations,
        epochs);
  }

  static CatalogState of(Snapshot snapshot, long revision) throws MalformedFrameException {
    SortedMap<String, Server> servers = new TreeMap<>();
    for (Server server : snapshot.servers()) servers.put(server.record().name(), server);
    SortedMap<String, Protection> protections = new TreeMap<>();
    for (Signed signed : snapshot.protections()) {
      Protection protection = Protection.of(signed);
      protections.put(protection.record().volume(), protection);
    }
    long recordBytes =
        servers.values().stream().mapToLong(Sizes::of).sum()
            + protections.values().stream().mapToLong(Sizes::of).sum();
    return new CatalogState(
        revision,
        snapshot.group(),
        servers,
        protections,
        snapshot.reservations(),
        new TreeMap<>(snapshot.epochs()),
        new Sizes(recordBytes, Sizes.of(snapshot.reservations())));
  }
}
