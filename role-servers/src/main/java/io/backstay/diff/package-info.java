/**
 * Making, merging and reading wdiffs: {@link io.backstay.diff.DiffBuilder} makes one of a stretch
 * of log, {@link io.backstay.diff.DiffMerge} one of several, {@link
 * io.backstay.diff.SortedDiffWriter} writes it as it goes, and {@link
 * io.backstay.diff.SortedDiffReader} and {@link io.backstay.diff.IndexedDiffReader} read what
 * Backstay or walb wrote. All of it is streams of stretches in order of their addresses; memory
 * does not grow with the files.
 */
package io.backstay.diff;
