package dev.lockstep.spark;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Function;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * Adds prediction and probabilities to rows, a batch at a time.
 *
 * @param home see {@link SparkOptions#home}
 * @param id distinguishes weights
 * @param image the index of the image column
 */
record Scoring(String home, String id, Broadcast<byte[]> weights, int image)
        implements MapPartitionsFunction<Row, Row> {
    private static final int BATCH = 64;

    @Override
    public Iterator<Row> call(Iterator<Row> rows) {
        Function<List<byte[]>, List<double[]>> scorer = Scorers.get(home, id, weights::value);
        return new Iterator<>() {
            private Iterator<Row> batch = List.<Row>of().iterator();

            @Override
            public boolean hasNext() {
                return batch.hasNext() || rows.hasNext();
            }

            @Override
            public Row next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                if (!batch.hasNext()) {
                    batch = scored(scorer, rows).iterator();
                }
                return batch.next();
            }
        };
    }

    private List<Row> scored(Function<List<byte[]>, List<double[]>> scorer, Iterator<Row> rows) {
        List<Row> batch = new ArrayList<>();
        while (rows.hasNext() && batch.size() < BATCH) {
            batch.add(rows.next());
        }
        List<double[]> probabilities = scorer.apply(
                batch.stream().map(row -> Pictures.file(row.get(image))).toList());
        List<Row> scored = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            scored.add(with(batch.get(i), probabilities.get(i)));
        }
        return scored;
    }

    private static Row with(Row row, double[] probabilities) {
        int best = 0;
        for (int c = 1; c < probabilities.length; c++) {
            best = probabilities[c] > probabilities[best] ? c : best;
        }
        Object[] values = new Object[row.size() + 2];
        for (int i = 0; i < row.size(); i++) {
            values[i] = row.get(i);
        }
        values[row.size()] = (double) best;
        values[row.size() + 1] = Vectors.dense(probabilities);
        return RowFactory.create(values);
    }
}
