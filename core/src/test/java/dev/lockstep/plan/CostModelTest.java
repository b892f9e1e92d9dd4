package dev.lockstep.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.network.NetworkShape;
import dev.lockstep.network.Shapes;
import dev.lockstep.plan.CostModel.TrainingLength;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import org.junit.jupiter.api.Test;

/** The paper's hardware (sections 4 and 5.5): servers of 8 GPUs on 50 Gbit/s, ResNet-50, 120 ms of backward pass. */
class CostModelTest {
    private static final DatasetFacts IMAGENET = new DatasetFacts("imagenet", 1_281_167, 50_000, 3, 224, 224, 1000);
    private static final NetworkShape RESNET50 = Shapes.of("resnet50", Shapes.IMAGENET);
    private static final Interconnect ETHERNET_50G = new Interconnect(50e9 / 8, 20e-6);
    private static final TrainingLength LENGTH = new TrainingLength(90, 1_281_167, 32);

    private static CostModel paper(double jitter) {
        return new CostModel(RESNET50, new ComputeCost(0.232, 0.120, 8, jitter), ETHERNET_50G, 8);
    }

    private static CostModel paper() {
        return paper(ComputeCost.PAPER_JITTER);
    }

    @Test
    void step_paper8Gpus_takes232MillisecondsAnd29Hours() {
        StepForecast step = paper().step(8, AllReduce.HALVING_DOUBLING);

        assertThat(step.iterationSeconds()).isCloseTo(0.232, within(1e-9));
        assertThat(step.exposedSeconds()).isZero();
        assertThat(LENGTH.seconds(step) / 3600).isCloseTo(29, within(0.1));
    }

    @Test
    void step_paper256Gpus_takes256MillisecondsAtAbout90PercentAndOneHour() {
        StepForecast step = paper().step(256, AllReduce.HALVING_DOUBLING);

        assertThat(step.processes()).isEqualTo(32);
        assertThat(step.iterationSeconds()).isCloseTo(0.256, within(0.001));
        assertThat(step.efficiency()).isCloseTo(0.906, within(0.005));
        assertThat(LENGTH.seconds(step) / 60).isCloseTo(60, within(0.5));
    }

    @Test
    void step_paper352Gpus_isWithinThreePercentOfTheMeasured264Milliseconds() {
        StepForecast step = paper().step(352, AllReduce.HALVING_DOUBLING);

        assertThat(step.processes()).isEqualTo(44);
        assertThat(step.iterationSeconds()).isCloseTo(0.264, within(0.03 * 0.264));
    }

    @Test
    void step_paperWithoutJitter_hidesNearlyAllCommunication() {
        StepForecast step = paper(0).step(256, AllReduce.HALVING_DOUBLING);

        assertThat(step.communicationSeconds()).isBetween(0.030, 0.045);
        assertThat(step.exposedSeconds()).isBetween(0.0, 0.003);
    }

    /** Section 4: 200 MB in the 125 ms of a backward pass need 12.8 Gbit/s at least. */
    @Test
    void step_papersPeakBandwidth_fillsTheBackwardPassExactly() {
        Interconnect needed = new Interconnect(12.8e9 / 8, 0);
        CostModel model = new CostModel(RESNET50, new ComputeCost(0.232, 0.120, 8, 0), needed, 8);

        StepForecast step = model.step(65_536, AllReduce.HALVING_DOUBLING);

        assertThat(step.communicationSeconds()).isCloseTo(0.125, within(0.004));
    }

    @Test
    void fewestWithin_oneHour_takesThePapers256Workers() {
        StepForecast step =
                paper().fewestWithin(3610, LENGTH, AllReduce.HALVING_DOUBLING).orElseThrow();

        assertThat(step.workers()).isBetween(240, 256);
        assertThat(LENGTH.seconds(step)).isLessThanOrEqualTo(3610);
    }

    @Test
    void fewestWithin_aSecond_isImpossible() {
        assertThat(paper().fewestWithin(1, LENGTH, AllReduce.HALVING_DOUBLING)).isEmpty();
    }

    @Test
    void lastAbove_paper_endsWhereEfficiencyFallsBelow90Percent() {
        List<StepForecast> table = paper().table(AllReduce.HALVING_DOUBLING);
        StepForecast last = CostModel.lastAbove(table, 0.9).orElseThrow();
        StepForecast next = table.get(table.indexOf(last) + 1);

        assertThat(last.efficiency()).isGreaterThanOrEqualTo(0.9);
        assertThat(next.efficiency()).isLessThan(0.9);
        assertThat(last.workers()).isBetween(256, 512);
    }

    @Test
    void table_paper_doublesFrom1To65536() {
        List<StepForecast> table = paper().table(AllReduce.RING);

        assertThat(table).hasSize(17);
        assertThat(table)
                .extracting(StepForecast::workers)
                .startsWith(1, 2, 4, 8, 16)
                .endsWith(65_536);
        assertThat(table.subList(0, 4))
                .allSatisfy(row -> assertThat(row.iterationSeconds()).isCloseTo(0.232, within(1e-9)));
        assertThat(table.subList(4, 17))
                .extracting(StepForecast::iterationSeconds)
                .isSorted();
    }

    @Test
    void step_manyProcesses_ringPaysForItsMessages() {
        CostModel model = paper(0);

        assertThat(model.step(16, AllReduce.RING).communicationSeconds())
                .isCloseTo(model.step(16, AllReduce.HALVING_DOUBLING).communicationSeconds(), within(1e-12));
        assertThat(model.step(8192, AllReduce.RING).exposedSeconds())
                .isGreaterThan(10 * model.step(8192, AllReduce.HALVING_DOUBLING).exposedSeconds());
    }

    @Test
    void step_slowNetwork_paysWhatTheBackwardPassCannotHide() {
        CostModel model = new CostModel(RESNET50, new ComputeCost(0.232, 0.120, 8, 0), new Interconnect(1e9 / 8, 0), 8);

        StepForecast step = model.step(256, AllReduce.HALVING_DOUBLING);

        assertThat(step.exposedSeconds())
                .isBetween(step.communicationSeconds() - 0.120, step.communicationSeconds() - 0.08);
    }

    @Property(tries = 100)
    void step_anyMachine_obeysItsBounds(
            @ForAll @IntRange(min = 1, max = 2048) int processes,
            @ForAll @DoubleRange(min = 1e7, max = 1e11) @Scale(0) double bandwidth,
            @ForAll @DoubleRange(min = 0, max = 0.01) @Scale(6) double latency,
            @ForAll @DoubleRange(min = 0, max = 0.3) @Scale(3) double jitter) {
        CostModel model =
                new CostModel(RESNET50, new ComputeCost(0.5, 0.3, 4, jitter), new Interconnect(bandwidth, latency), 4);
        StepForecast step = model.step(4 * processes, AllReduce.HALVING_DOUBLING);

        assertThat(step.exposedSeconds()).isBetween(0.0, step.communicationSeconds() + 1e-12);
        assertThat(step.exposedSeconds() + 0.3).isGreaterThanOrEqualTo(step.communicationSeconds() - 1e-9);
        assertThat(step.efficiency()).isBetween(0.0, 1.0);
        double volume = 2 * (processes - 1.0) / processes * Traffic.contributionBytes(RESNET50);
        assertThat(step.communicationSeconds())
                .isGreaterThanOrEqualTo(0.99 * volume / bandwidth * (processes > 1 ? 0.5 : 1));
    }

    @Test
    void step_workersThatDoNotFillProcesses_needsOneMore() {
        assertThat(paper().step(12, AllReduce.RING).processes()).isEqualTo(2);
        assertThat(paper().step(12, AllReduce.RING).computeSeconds())
                .isEqualTo(paper().step(16, AllReduce.RING).computeSeconds());
    }

    @Test
    void expectedMaximum_knownCounts_agrees() {
        assertThat(CostModel.expectedMaximum(1)).isCloseTo(0, within(1e-9));
        assertThat(CostModel.expectedMaximum(2)).isCloseTo(0.5642, within(0.03));
        assertThat(CostModel.expectedMaximum(8)).isCloseTo(1.4236, within(0.02));
        assertThat(CostModel.expectedMaximum(32)).isCloseTo(2.0697, within(0.02));
        assertThat(CostModel.expectedMaximum(1000)).isCloseTo(3.2414, within(0.02));
    }

    @Test
    void seconds_workersBeyondTheLanes_takeRounds() {
        ComputeCost cost = ComputeCost.ofSpeed(1000, 32, 2, 0);

        assertThat(cost.roundSeconds()).isCloseTo(0.064, within(1e-12));
        assertThat(cost.seconds(1)).isCloseTo(0.064, within(1e-12));
        assertThat(cost.seconds(2)).isCloseTo(0.064, within(1e-12));
        assertThat(cost.seconds(7)).isCloseTo(0.256, within(1e-12));
        assertThat(cost.backwardSeconds()).isCloseTo(0.064 * 2 / 3, within(1e-12));
    }
}
