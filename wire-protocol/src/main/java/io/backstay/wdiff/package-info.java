/**
 * Files of differences in walb's formats, sorted and indexed, so that walb-tools can read what
 * Backstay writes and the other way round, and what lies beside them ({@link
 * io.backstay.wdiff.DiffSidecar}). Positions and lengths are in sectors of 512 bytes; integers are
 * little-endian.
 */
package io.backstay.wdiff;
