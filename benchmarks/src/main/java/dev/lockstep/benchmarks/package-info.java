/**
 * JMH benchmarks of the pure packages. To run all of them:
 *
 * <pre>
 * mvn -q -DskipTests package &amp;&amp; java -cp "benchmarks/target/classes:$(cat benchmarks/target/classpath.txt)" \
 *     org.openjdk.jmh.Main
 * </pre>
 *
 * A name after {@code Main}, such as {@code Sampling}, selects some of them. {@code StepOverhead} needs the environment
 * that {@code ./lockstep} sets (see {@code lockstep doctor}); otherwise freed memory is returned to the kernel in each
 * step.
 */
@NullMarked
package dev.lockstep.benchmarks;

import org.jspecify.annotations.NullMarked;
