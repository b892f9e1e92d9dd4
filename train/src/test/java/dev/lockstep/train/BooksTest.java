package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.metrics.EpochMetrics;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class BooksTest {
    private static final int STEPS = 10;

    private static Books after(int epochs) {
        Books books = Books.empty();
        for (int epoch = 0; epoch < epochs; epoch++) {
            books = books.plusStep(0.5, 3, List.of(1.0, 2.0, 0.5)).plusEpoch(epoch(epoch));
        }
        return books;
    }

    private static EpochMetrics epoch(int epoch) {
        return new EpochMetrics(epoch, 10L * (epoch + 1), 1, 0.5, 0.25, Double.NaN, Double.POSITIVE_INFINITY, 2);
    }

    @Test
    void json_doesNotGrowWithTheEpochs() {
        assertThat(after(100_000).toJson().length())
                .isLessThan(after(10).toJson().length() + 100);
    }

    @Test
    void json_isStrictAndReadAgain() throws IOException {
        Books books = after(7);
        JsonNode json = new ObjectMapper().readTree(books.toJson());
        assertThat(json.at("/epochs/0/validationTop5Error").isNull()).isTrue();
        assertThat(json.at("/epochs/0/validationLoss").isNull()).isTrue();
        Books read = Books.fromJson(books.toJson(), 7 * STEPS, STEPS);
        assertThat(read.epochsDone()).isEqualTo(7);
        assertThat(read.epochs()).extracting(EpochMetrics::epoch).containsExactly(2, 3, 4, 5, 6);
        assertThat(read.epochs().get(0).validationLoss()).isNaN();
        assertThat(read.noise()).isEqualTo(books.noise());
        // Before the evaluation at the end of the eighth epoch.
        assertThat(Books.fromJson(books.toJson(), 8 * STEPS, STEPS)).isEqualTo(read);
    }

    @Test
    void json_ofEarlierVersions_hasAllEpochsAndNumbersAsTexts() {
        String all = after(3).toJson().replace("null", "\"NaN\"").replace("\"epochsDone\":3,", "");
        assertThat(Books.fromJson(all, 3 * STEPS + 4, STEPS))
                .isEqualTo(Books.fromJson(after(3).toJson(), 3 * STEPS, STEPS));
    }
}
