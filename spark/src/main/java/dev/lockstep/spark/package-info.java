/**
 * Training as a barrier stage of a Spark job. The driver reads the recipe and checks what can be checked; each task of the
 * stage starts one Lockstep process, which has the JVM and the native settings that it needs, and follows it.
 */
@NullMarked
package dev.lockstep.spark;

import org.jspecify.annotations.NullMarked;
