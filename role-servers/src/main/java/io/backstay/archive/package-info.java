/**
 * The archive role: the images that it keeps, the points that can be restored, and the bytes on
 * their way in and out.
 */
package io.backstay.archive;
