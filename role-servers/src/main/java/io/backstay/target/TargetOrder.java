package io.backstay.target;

import io.backstay.model.Signed;
import io.backstay.model.Work.Overwrite;
import java.util.Optional;

/**
 * What is to be written where, and by whose leave.
 *
 * @param inputHash of the run's input without its grant: what the grant must name
 */
public record TargetOrder(
    String operation,
    String volume,
    long gid,
    long sizeBytes,
    String path,
    Overwrite overwrite,
    String inputHash,
    Optional<Signed> grant) {}
