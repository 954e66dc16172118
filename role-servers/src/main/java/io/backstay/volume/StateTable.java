package io.backstay.volume;

import io.backstay.model.Exclusion;
import io.backstay.model.OperationKind;
import io.backstay.model.Refusal;
import io.backstay.model.RefusalCode;
import io.backstay.model.RefusedException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A role's state machine as a table: in which steady state which operation may begin, and which
 * state it leaves behind when it is done. While it runs the state is derived from the ledger;
 * refused, cancelled or parked it leaves the state as it was (mission row A15). {@code
 * docs/state-machines.md} is generated from these tables.
 *
 * @param role for the document: "storage, plain volume"
 */
public record StateTable<S extends Enum<S>>(String role, List<Row<S>> rows) {

  /** One line of the table. */
  public record Row<S extends Enum<S>>(S from, OperationKind operation, S to) {}

  public StateTable {
    rows = List.copyOf(rows);
    for (Row<S> row : rows) {
      long same =
          rows.stream().filter(r -> r.from == row.from && r.operation == row.operation).count();
      if (same != 1) throw new IllegalArgumentException("%s: two rows for %s".formatted(role, row));
    }
  }

  /** The row of this state and operation. */
  public Optional<Row<S>> row(S from, OperationKind operation) {
    return rows.stream().filter(row -> row.from == from && row.operation == operation).findFirst();
  }

  /**
   * The one door: the row by which the operation may begin now.
   *
   * @param running what runs on the volume now
   * @throws RefusedException that names the state or the operation that forbids it
   */
  public Row<S> admit(
      String volume, S from, OperationKind operation, Collection<OperationKind> running)
      throws RefusedException {
    String attempted = "%s of %s".formatted(operation.word(), volume);
    Optional<OperationKind> other =
        running.stream().filter(kind -> !Exclusion.mayRunBeside(operation, kind)).findFirst();
    if (other.isPresent()) {
      throw new RefusedException(
          Refusal.of(
                  RefusalCode.WRONG_STATE,
                  "%s runs on it and excludes that".formatted(other.get().word()))
              .attempted(attempted)
              .found("state %s, running: %s".formatted(from, running))
              .next("wait for it, or cancel it (backstay run list)"));
    }
    Optional<Row<S>> row = row(from, operation);
    if (row.isPresent()) return row.get();
    String allowed =
        rows.stream()
            .filter(r -> r.operation == operation)
            .map(r -> r.from.name())
            .collect(Collectors.joining(" or "));
    throw new RefusedException(
        Refusal.of(
                from.name().equals("CLEAR") && operation != OperationKind.ADD_VOLUME
                    ? RefusalCode.UNKNOWN_VOLUME
                    : RefusalCode.WRONG_STATE,
                allowed.isEmpty()
                    ? "the volume is in state %s; no state of its kind allows this".formatted(from)
                    : "the volume is in state %s; this needs state %s".formatted(from, allowed))
            .attempted(attempted)
            .found("state " + from)
            .next("see 'backstay volume show " + volume + "'"));
  }
}
