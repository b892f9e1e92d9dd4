package dev.lockstep.collective;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.GroupFailure;
import dev.lockstep.supervise.Supervisor;
import dev.lockstep.topology.Topology;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import dev.lockstep.torch.TorchRuntime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DeviceSumsTest {
    @BeforeAll
    static void load() {
        TorchRuntime.load();
    }

    private static List<Tensor> partials(Topology topology, int rank, int length) {
        List<Tensor> partials = new ArrayList<>();
        for (int root = 0; root < topology.subtreesOf(rank).size(); root++) {
            Random random = new Random(1000L * rank + root);
            float[] values = new float[length];
            for (int i = 0; i < length; i++) {
                values[i] = (float) random.nextGaussian();
            }
            Tensor partial = StepScope.keep(Device.cpu().zeros(length));
            Tensors.assign(partial, values);
            partials.add(partial);
        }
        return partials;
    }

    private static float[] sum(Collective group, Device device, Topology topology, int length) {
        List<Tensor> partials = partials(topology, group.rank(), length);
        // A second sum uses the memory of the first.
        group.allReduceSum(device, topology, partials(topology, group.rank(), length / 2 + 1));
        group.allReduceSum(device, topology, partials);
        return Tensors.toArray(partials.get(0));
    }

    @ParameterizedTest
    @CsvSource({
        "'2,2', 1000",
        "'2,2', 300001",
        "'1,1,1,1', 300001",
        "'2,2,3,1', 300001",
        "'4,2,2', 140000",
        "'1,4,2,1', 70000",
        "'3,5', 1"
    })
    void tree_onDevices_hasTheBitsOfTheTreeInHostMemory(String division, int length) {
        List<Integer> sizes =
                Arrays.stream(division.split(",")).map(Integer::valueOf).toList();
        Topology topology =
                Topology.of(sizes.stream().mapToInt(Integer::intValue).sum(), sizes);
        MeetingPlace place = new MeetingPlace();

        List<float[]> expected = ThreadGroups.run(
                sizes.size(), TreeCollective::new, group -> sum(group, Device.cpu(), topology, length));
        List<float[]> direct = ThreadGroups.run(
                sizes.size(),
                TreeCollective::new,
                group -> sum(group, place.device("card-" + group.rank()), topology, length));

        assertThat(direct)
                .hasSameSizeAs(expected)
                .allSatisfy(sum -> assertThat(sum).isEqualTo(expected.get(0)));
        assertThat(place.keys).hasValue(1);
        assertThat(place.exchanges).hasValue(4 * sizes.size());
        assertThat(place.onHost).hasValue(0);
        assertThat(place.aborted).hasValue(0);
    }

    @Test
    void processesThatShareACard_useHostMemory() {
        Topology topology = Topology.equal(4, 4);
        MeetingPlace place = new MeetingPlace();
        List<float[]> expected =
                ThreadGroups.run(4, TreeCollective::new, group -> sum(group, Device.cpu(), topology, 5000));
        List<float[]> shared = ThreadGroups.run(
                4, TreeCollective::new, group -> sum(group, place.device("card-" + group.rank() / 2), topology, 5000));
        assertThat(shared).allSatisfy(sum -> assertThat(sum).isEqualTo(expected.get(0)));
        assertThat(place.keys).hasValue(0);
        assertThat(place.onHost).hasValue(8);
    }

    @Test
    void nativeMode_isTheLibrarysAllReduce() {
        Topology topology = Topology.of(8, List.of(2, 2, 3, 1));
        MeetingPlace place = new MeetingPlace();
        List<float[]> expected =
                ThreadGroups.run(4, TreeCollective::new, group -> sum(group, Device.cpu(), topology, 5000));
        List<float[]> sums = ThreadGroups.run(
                4,
                group -> new NativeCollective(group, ""),
                group -> sum(group, place.device("card-" + group.rank()), topology, 5000));
        assertThat(place.onHost).hasValue(0);
        assertThat(place.exchanges).hasValue(8);
        for (float[] sum : sums) {
            for (int i = 0; i < sum.length; i++) {
                assertThat(sum[i]).isCloseTo(expected.get(0)[i], org.assertj.core.data.Offset.offset(1e-5f));
            }
        }
    }

    /** The thread waits in the device for a process that is gone; it must be freed, and told why. */
    @Test
    void lostProcess_freesThoseThatWaitForIt() throws Exception {
        Topology topology = Topology.equal(3, 3);
        MeetingPlace place = new MeetingPlace();
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try (Supervisor supervisor = ThreadGroups.supervisor(3)) {
            List<Future<String>> ends = new ArrayList<>();
            for (int rank = 0; rank < 3; rank++) {
                int own = rank;
                ends.add(threads.submit(() -> {
                    SocketGroup group = ThreadGroups.join(own, 3, supervisor, Duration.ofSeconds(20));
                    try (Collective collective = new TreeCollective(group)) {
                        Device device = place.device("card-" + own);
                        collective.allReduceSum(device, topology, partials(topology, own, 200000));
                        if (own == 2) {
                            // Two calls of each for the first sum, then those of the others, which wait for this one.
                            while (place.exchanges.get() < 8) {
                                Thread.sleep(1);
                            }
                            supervisor.announce(GroupFailure.inOwnWords(2, "here", "the card has fallen off the bus"));
                            return "";
                        }
                        collective.allReduceSum(device, topology, partials(topology, own, 200000));
                        return "";
                    } catch (LockstepException e) {
                        return e.getMessage();
                    }
                }));
            }
            for (int rank = 0; rank < 2; rank++) {
                assertThat(ends.get(rank).get(10, TimeUnit.SECONDS)).contains("fallen off the bus");
            }
            assertThat(place.aborted.get()).isGreaterThanOrEqualTo(2);
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void identities() {
        byte[] a = {1, 2};
        byte[] b = {1, 3};
        assertThat(DeviceLinks.areDistinct(List.of(a, b))).isTrue();
        assertThat(DeviceLinks.areDistinct(List.of(a, b, a.clone()))).isFalse();
    }
}
