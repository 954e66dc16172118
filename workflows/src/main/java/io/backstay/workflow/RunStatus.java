package io.backstay.workflow;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.backstay.model.OperationKind;

/**
 * Answer of the query {@code status}: where a run stands. How far its operation is, the server of
 * the operation knows best (rule K4): ask it with {@link io.backstay.wire.Command.Watch}.
 *
 * @param step in words: "reserving", "sending vol0 to a0", "done"
 * @param plan what was decided, in words; null before that
 * @param server where the operation of this step runs; null between operations
 * @param operation its id there; null between operations
 * @param alarm present while nothing moves
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record RunStatus(
    OperationKind kind,
    String volume,
    String step,
    String plan,
    String server,
    String operation,
    String alarm) {}
