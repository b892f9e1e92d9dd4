/**
 * What runs beside Spark in an executor: these classes are loaded together with Lockstep's own jars by a class loader that knows nothing of
 * Spark, so that neither meets the other's versions of a library.
 */
@NullMarked
package dev.lockstep.spark.score;

import org.jspecify.annotations.NullMarked;
