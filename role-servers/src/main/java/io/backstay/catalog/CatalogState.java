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
    SortedMap<String, Long> epochs) {

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
    return new CatalogState(0, group, new TreeMap<>(), new TreeMap<>(), List.of(), new TreeMap<>());
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
    switch (change) {
      case CatalogChange.ServerWritten(ServerRecord server, long version) ->
          newServers.put(server.name(), new Server(server, version));
      case CatalogChange.ProtectionWritten(Signed signed) -> {
        Protection protection = Protection.of(signed);
        newProtections.put(protection.record().volume(), protection);
      }
      case CatalogChange.ProtectionRemoved(String volume) -> newProtections.remove(volume);
      case CatalogChange.Reserved(Reservation reservation) -> {
        newReservations.add(reservation);
        newEpochs.put(reservation.volume(), reservation.epoch());
      }
      case CatalogChange.Released(String volume, long epoch) ->
          newReservations.removeIf(held -> held.volume().equals(volume) && held.epoch() == epoch);
    }
    return new CatalogState(
        revision + 1, group, newServers, newProtections, newReservations, newEpochs);
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
    return new CatalogState(
        revision,
        snapshot.group(),
        servers,
        protections,
        snapshot.reservations(),
        new TreeMap<>(snapshot.epochs()));
  }
}
