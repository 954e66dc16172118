/**
 * The history of a volume at an archive: the diffs that lead from its images to later moments, how
 * they are kept ({@link io.backstay.history.DiffStore}) and how a chain of them is read as one
 * ({@link io.backstay.history.DiffLayer}).
 */
package io.backstay.history;
