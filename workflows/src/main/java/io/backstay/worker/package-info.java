/**
 * The worker process that carries out the workflows, and {@link io.backstay.worker.Runs}, through
 * which the command line starts and follows them.
 */
package io.backstay.worker;
