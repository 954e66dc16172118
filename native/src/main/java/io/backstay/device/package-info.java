/**
 * The real {@link io.backstay.seam.BlockDevice}, {@link io.backstay.seam.Devices} and {@link
 * io.backstay.seam.Directory} on Linux: direct IO past the page cache, sparse files, block devices,
 * reflinks, evidence of change. {@code Linux} alone knows the system calls that the JDK lacks.
 */
package io.backstay.device;
