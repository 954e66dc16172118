/**
 * The write log's formats, which are walb's, so that walb-tools can read what Backstay writes and
 * the other way round: the log device ({@link io.backstay.wlog.LogLayout}, {@link
 * io.backstay.wlog.SuperSector}), a pack of the log ({@link io.backstay.wlog.PackHeader}), and the
 * portable stream of packs ({@link io.backstay.wlog.WlogHeader}).
 *
 * <p>Two units are not bytes. A <em>sector</em> is 512 bytes, always; the position and length of a
 * write are in sectors. A <em>block</em> is the log's physical block, 512 or 4096 bytes; lsids and
 * everything in the ring are in blocks. Integers are little-endian. Unsigned 64-bit fields at and
 * above 2<sup>63</sup> are refused, but for the one that means "none", which is all ones.
 */
package io.backstay.wlog;
