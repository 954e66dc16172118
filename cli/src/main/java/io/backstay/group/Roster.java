package io.backstay.group;

import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import io.backstay.model.Role;
import io.backstay.model.ServerRecord;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Which servers the group of a directory has to have: one of each role, or as many as somebody
 * wished for; named by role and number, "p0", "p1". A group gets more servers later, and keeps
 * those that it has.
 */
final class Roster {
  /** In the order in which they stand in the group's file and are started. */
  static final List<Role> ROLES =
      List.of(Role.CATALOG, Role.STORAGE, Role.PROXY, Role.ARCHIVE, Role.WORKER);

  private final List<ServerRecord> present;

  /** A server that is missing. */
  record Seat(String name, Role role) {}

  /**
   * @param present none in a group that is not made yet
   */
  Roster(List<ServerRecord> present) {
    this.present = present;
  }

  /**
   * Who has to be added.
   *
   * @param wished how many of a role
   * @throws RefusedException when there are more already
   */
  List<Seat> lacking(Map<Role, Integer> wished) throws RefusedException {
    List<Seat> seats = new ArrayList<>();
    for (Role role : ROLES) {
      List<String> names = names(role);
      int number = wished.getOrDefault(role, Math.max(1, names.size()));
      if (number < names.size()) throw tooMany(role, number, names);
      Stream.iterate(0, i -> i + 1)
          .map(i -> "" + role.word().charAt(0) + i)
          .filter(name -> !names.contains(name))
          .limit(number - names.size())
          .forEach(name -> seats.add(new Seat(name, role)));
    }
    return List.copyOf(seats);
  }

  /** All of them then, in the order of the group's file. */
  List<ServerRecord> with(List<ServerRecord> added) {
    return Stream.concat(present.stream(), added.stream())
        .sorted(Comparator.comparingInt(server -> ROLES.indexOf(server.role())))
        .toList();
  }

  private List<String> names(Role role) {
    return present.stream()
        .filter(server -> server.role() == role)
        .map(ServerRecord::name)
        .toList();
  }

  private static RefusedException tooMany(Role role, int wished, List<String> names) {
    return new RefusedException(
        Refusal.of(RefusalCode.WRONG_STATE, "a group keeps the servers that it has")
            .attempted("have servers of role %s: %d".formatted(role.word(), wished))
            .found(String.join(", ", names))
            .next("give a number of %d or more, or none".formatted(names.size())));
  }
}
