#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "libprom/export/collector.h"
#include "libprom/exposition/parser.h"

#include "tests/support/temporary_directory.h"

namespace prom::exports {
namespace {

namespace fs = std::filesystem;

// A host made of files.
class CollectorsTest : public testing::Test {
 protected:
  CollectorsTest() {
    host_.proc = root_ + "/proc";
    host_.sys = root_ + "/sys";
    host_.root = root_;
    host_.text_directory = root_ + "/text";
    host_.mounts_excluded = *Regex::compile(kMountsExcluded);
    host_.file_systems_excluded = *Regex::compile(kFileSystemsExcluded);
    host_.disks_excluded = *Regex::compile(kDisksExcluded);
  }

  void file(const std::string& path, std::string_view content) {
    const fs::path full = root_ + path;
    fs::create_directories(full.parent_path());
    std::ofstream(full) << content;
  }

  // The sample lines of one collector, without comments.
  std::string run(Status (*collector)(const Host&, Families&)) {
    Families families;
    const Status status = collector(host_, families);
    std::string out;
    const std::string text = families.text();
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at) + 1;
      if (text[at] != '#') out += text.substr(at, end - at);
      at = end;
    }
    if (!status) out += "error " + status.error().message + "\n";
    return out;
  }

  TemporaryDirectory directory_;
  const std::string root_ = directory_.path();
  Host host_;
};

TEST_F(CollectorsTest, ReadsTimesAndThrottlingOfCpus) {
  file("/proc/stat",
       "cpu  1 2 3 4 5 6 7 8 9 10\n"
       "cpu0 100 200 300 400 500 600 700 800 900 1000\n"
       "intr 5 0 0\nctxt 6\nbtime 1700000000\nprocesses 7\n"
       "procs_running 2\nprocs_blocked 1\n");
  const std::string cpu = "/sys/devices/system/cpu/cpu0/";
  file(cpu + "topology/core_id", "3\n");
  file(cpu + "topology/physical_package_id", "1\n");
  file(cpu + "thermal_throttle/core_throttle_count", "9\n");
  EXPECT_EQ(run(collect_cpu),
            "node_cpu_core_throttles_total{core=\"3\",package=\"1\"} 9\n"
            "node_cpu_guest_seconds_total{cpu=\"0\",mode=\"nice\"} 10\n"
            "node_cpu_guest_seconds_total{cpu=\"0\",mode=\"user\"} 9\n"
            "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 4\n"
            "node_cpu_seconds_total{cpu=\"0\",mode=\"iowait\"} 5\n"
            "node_cpu_seconds_total{cpu=\"0\",mode=\"irq\"} 6\n"
            "node_cpu_seconds_total{cpu=\"0\",mode=\"nice\"} 2\n"
            "node_cpu_seconds_total{cpu=\"0\",mode=\"softirq\"} 7\n"
            "node_cpu_seconds_total{cpu=\"0\",mode=\"steal\"} 8\n"
            "node_cpu_seconds_total{cpu=\"0\",mode=\"system\"} 3\n"
            "node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 1\n");
  EXPECT_EQ(run(collect_stat),
            "node_boot_time_seconds 1.7e+09\n"
            "node_context_switches_total 6\n"
            "node_forks_total 7\n"
            "node_intr_total 5\n"
            "node_procs_blocked 1\n"
            "node_procs_running 2\n");
}

TEST_F(CollectorsTest, ReadsMemory) {
  file("/proc/meminfo",
       "MemTotal:       1000 kB\nActive(anon):  2 kB\nHugePages_Total:  3\n"
       "odd line\n");
  EXPECT_EQ(run(collect_meminfo),
            "node_memory_Active_anon_bytes 2048\n"
            "node_memory_HugePages_Total 3\n"
            "node_memory_MemTotal_bytes 1.024e+06\n");
}

TEST_F(CollectorsTest, ReadsDisksAndWhatUdevKnows) {
  file("/proc/diskstats",
       "   7  0 loop0 1 1 1 1 1 1 1 1 1 1 1\n"
       " 254  0 vda 1 2 3 4 5 6 7 8 9 10 11\n"
       " 254  1 vda1 1 2 3 4 5 6 7 8 9 10 11\n");
  file("/run/udev/data/b254:0",
       "S:disk\nE:ID_MODEL=Fast \"one\"\nE:ID_SERIAL_SHORT=77\n"
       "E:ID_FS_USAGE=filesystem\nE:ID_FS_TYPE=ext4\n");
  EXPECT_EQ(run(collect_diskstats),
            "node_disk_filesystem_info{device=\"vda\",type=\"ext4\","
            "usage=\"filesystem\"} 1\n"
            "node_disk_info{device=\"vda\",major=\"254\",minor=\"0\","
            "model=\"Fast \\\"one\\\"\",serial=\"77\"} 1\n"
            "node_disk_io_now{device=\"vda\"} 9\n"
            "node_disk_io_time_seconds_total{device=\"vda\"} 0.01\n"
            "node_disk_io_time_weighted_seconds_total{device=\"vda\"} 0.011\n"
            "node_disk_read_bytes_total{device=\"vda\"} 1536\n"
            "node_disk_read_time_seconds_total{device=\"vda\"} 0.004\n"
            "node_disk_reads_completed_total{device=\"vda\"} 1\n"
            "node_disk_reads_merged_total{device=\"vda\"} 2\n"
            "node_disk_write_time_seconds_total{device=\"vda\"} 0.008\n"
            "node_disk_writes_completed_total{device=\"vda\"} 5\n"
            "node_disk_writes_merged_total{device=\"vda\"} 6\n"
            "node_disk_written_bytes_total{device=\"vda\"} 3584\n");
}

TEST_F(CollectorsTest, ReadsMountsAndLeavesOutWhatIsExcluded) {
  file("/proc/1/mounts",
       "/dev/vda /data\\040dir ext4 ro,noatime 0 0\n"
       "/dev/vda /data\\040dir ext4 ro,noatime 0 0\n"
       "/dev/vdb /gone xfs rw,errors=ro 0 0\n"
       "proc /elsewhere proc rw 0 0\n"
       "tmpfs /dev/shm tmpfs rw 0 0\n");
  fs::create_directories(root_ + "/data dir");
  const std::string got = run(collect_filesystem);
  const std::string labels =
      "{device=\"/dev/vda\",fstype=\"ext4\",mountpoint=\"/data dir\"} ";
  EXPECT_NE(got.find("node_filesystem_readonly" + labels + "1\n"),
            std::string::npos);
  EXPECT_NE(got.find("node_filesystem_device_error" + labels + "0\n"),
            std::string::npos);
  EXPECT_NE(got.find("node_filesystem_size_bytes" + labels), std::string::npos);
  const std::string gone =
      "{device=\"/dev/vdb\",fstype=\"xfs\",mountpoint=\"/gone\"} ";
  EXPECT_NE(got.find("node_filesystem_device_error" + gone + "1\n"),
            std::string::npos);
  EXPECT_NE(got.find("node_filesystem_readonly" + gone + "0\n"),
            std::string::npos);
  EXPECT_EQ(got.find("node_filesystem_size_bytes" + gone), std::string::npos);
  EXPECT_EQ(got.find("proc"), std::string::npos);
  EXPECT_EQ(got.find("tmpfs"), std::string::npos);
}

TEST_F(CollectorsTest, ReadsInterfaces) {
  file("/proc/net/dev",
       "Inter-|   Receive                                                |  "
       "Transmit\n"
       " face |bytes    packets errs drop fifo frame compressed multicast|b\n"
       "  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n");
  file("/sys/class/net/eth0/statistics/rx_nohandler", "17\n");
  file("/sys/class/net/eth0/ifindex", "2\n");
  file("/sys/class/net/eth0/operstate", "up\n");
  file("/sys/class/net/eth0/flags", "0x1003\n");
  file("/sys/class/net/eth0/speed", "1000\n");
  file("/sys/class/net/eth0/carrier_changes", "4\n");
  file("/sys/class/net/eth1/ifindex", "3\n");
  file("/sys/class/net/eth1/speed", "-1\n");
  file("/sys/class/net/bonding_masters", "\n");
  const std::string traffic = run(collect_netdev);
  for (const char* line :
       {"node_network_receive_bytes_total{device=\"eth0\"} 1\n",
        "node_network_receive_multicast_total{device=\"eth0\"} 8\n",
        "node_network_receive_nohandler_total{device=\"eth0\"} 17\n",
        "node_network_transmit_bytes_total{device=\"eth0\"} 9\n",
        "node_network_transmit_compressed_total{device=\"eth0\"} 16\n"})
    EXPECT_NE(traffic.find(line), std::string::npos) << line;
  EXPECT_EQ(run(collect_netclass),
            "node_network_carrier_changes_total{device=\"eth0\"} 4\n"
            "node_network_flags{device=\"eth0\"} 4099\n"
            "node_network_iface_id{device=\"eth0\"} 2\n"
            "node_network_iface_id{device=\"eth1\"} 3\n"
            "node_network_info{device=\"eth0\",operstate=\"up\"} 1\n"
            "node_network_info{device=\"eth1\"} 1\n"
            "node_network_speed_bytes{device=\"eth0\"} 1.25e+08\n"
            "node_network_up{device=\"eth0\"} 1\n"
            "node_network_up{device=\"eth1\"} 0\n");
  host_.interfaces_excluded = *Regex::compile("eth.");
  EXPECT_EQ(run(collect_netdev), "");
  EXPECT_EQ(run(collect_netclass), "");
}

TEST_F(CollectorsTest, ReadsProtocolsAndSockets) {
  file("/proc/net/netstat", "TcpExt: Ignored ListenDrops\nTcpExt: 1 2\n");
  file("/proc/net/snmp", "Tcp: ActiveOpens InErrs\nTcp: 3 -1\n");
  file("/proc/net/snmp6", "Udp6InDatagrams 5\nIp6InReceives 6\n");
  EXPECT_EQ(run(collect_netstat),
            "node_netstat_TcpExt_ListenDrops 2\n"
            "node_netstat_Tcp_ActiveOpens 3\n"
            "node_netstat_Tcp_InErrs -1\n"
            "node_netstat_Udp6_InDatagrams 5\n");
  file("/proc/net/sockstat", "sockets: used 9\nTCP: inuse 1 mem 2\n");
  const std::string sockets = run(collect_sockstat);
  EXPECT_NE(sockets.find("node_sockstat_TCP_mem 2\n"), std::string::npos);
  EXPECT_NE(sockets.find("node_sockstat_TCP_mem_bytes "), std::string::npos);
  EXPECT_NE(sockets.find("node_sockstat_sockets_used 9\n"), std::string::npos);
  file("/proc/net/softnet_stat",
       "0000000a 00000001 00000002 0 0 0 0 0 0 0 0 0 00000003\n");
  EXPECT_EQ(run(collect_softnet),
            "node_softnet_dropped_total{cpu=\"3\"} 1\n"
            "node_softnet_processed_total{cpu=\"3\"} 10\n"
            "node_softnet_times_squeezed_total{cpu=\"3\"} 2\n");
}

TEST_F(CollectorsTest, ReadsSmallFiles) {
  file("/proc/loadavg", "0.5 1 1.5 1/100 999\n");
  EXPECT_EQ(run(collect_loadavg),
            "node_load1 0.5\nnode_load15 1.5\nnode_load5 1\n");
  file("/proc/vmstat", "pgfault 1\npgmajfault 2\nnr_free_pages 3\npswpin 4\n");
  EXPECT_EQ(run(collect_vmstat),
            "node_vmstat_pgfault 1\nnode_vmstat_pgmajfault 2\n"
            "node_vmstat_pswpin 4\n");
  file("/proc/sys/fs/file-nr", "1024\t0\t9000\n");
  EXPECT_EQ(run(collect_filefd),
            "node_filefd_allocated 1024\nnode_filefd_maximum 9000\n");
  file("/proc/sys/kernel/random/entropy_avail", "256\n");
  file("/proc/sys/kernel/random/poolsize", "256\n");
  EXPECT_EQ(run(collect_entropy),
            "node_entropy_available_bits 256\n"
            "node_entropy_pool_size_bits 256\n");
  file("/proc/pressure/cpu",
       "some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\n"
       "full avg10=0.00 avg60=0.00 avg300=0.00 total=1\n");
  EXPECT_EQ(run(collect_pressure),
            "node_pressure_cpu_waiting_seconds_total 2.5\n");
  file("/proc/net/arp",
       "IP address HW type Flags HW address Mask Device\n"
       "10.0.0.1 0x1 0x2 02:00:00:00:00:01 * eth0\n"
       "10.0.0.2 0x1 0x2 02:00:00:00:00:02 * eth0\n");
  EXPECT_EQ(run(collect_arp), "node_arp_entries{device=\"eth0\"} 2\n");
  file("/proc/sys/net/netfilter/nf_conntrack_count", "3\n");
  file("/proc/sys/net/netfilter/nf_conntrack_max", "4\n");
  file("/proc/net/stat/nf_conntrack",
       "entries found drop\n00000001 0000000a 1\n1 1 1\n");
  EXPECT_EQ(run(collect_conntrack),
            "node_nf_conntrack_entries 3\n"
            "node_nf_conntrack_entries_limit 4\n"
            "node_nf_conntrack_stat_drop 2\n"
            "node_nf_conntrack_stat_found 11\n");
}

TEST_F(CollectorsTest, ReadsTheDistribution) {
  file("/etc/os-release",
       "# comment\nNAME=\"Some \\\"OS\\\"\"\nID=some\nVERSION_ID='22.04.3'\n");
  EXPECT_EQ(run(collect_os),
            "node_os_info{id=\"some\",name=\"Some \\\"OS\\\"\","
            "version_id=\"22.04.3\"} 1\n"
            "node_os_version{id=\"some\",name=\"Some \\\"OS\\\"\"} 22.04\n");
}

TEST_F(CollectorsTest, ReadsSensors) {
  const std::string zone = "/sys/class/thermal/thermal_zone0/";
  file(zone + "temp", "42500\n");
  file(zone + "type", "x86_pkg\n");
  file("/sys/class/thermal/cooling_device1/cur_state", "2\n");
  file("/sys/class/thermal/cooling_device1/max_state", "9\n");
  file("/sys/class/thermal/cooling_device1/type", "Fan\n");
  EXPECT_EQ(run(collect_thermal_zone),
            "node_cooling_device_cur_state{name=\"1\",type=\"Fan\"} 2\n"
            "node_cooling_device_max_state{name=\"1\",type=\"Fan\"} 9\n"
            "node_thermal_zone_temp{type=\"x86_pkg\",zone=\"0\"} 42.5\n");
  const std::string chip = "/sys/class/hwmon/hwmon0/";
  file(chip + "name", "coretemp\n");
  file(chip + "temp1_input", "50000\n");
  file(chip + "temp1_crit", "100000\n");
  file(chip + "temp1_crit_alarm", "0\n");
  file(chip + "temp1_label", "Core 0\n");
  file(chip + "fan2_input", "1200\n");
  file(chip + "in0_input", "1050\n");
  file(chip + "power1_average", "2500000\n");
  file(chip + "uevent", "");
  EXPECT_EQ(
      run(collect_hwmon),
      "node_hwmon_chip_names{chip=\"coretemp\",chip_name=\"coretemp\"} 1\n"
      "node_hwmon_fan_rpm{chip=\"coretemp\",sensor=\"fan2\"} 1200\n"
      "node_hwmon_in_volts{chip=\"coretemp\",sensor=\"in0\"} 1.05\n"
      "node_hwmon_power_average_watt{chip=\"coretemp\",sensor=\"power1\"} "
      "2.5\n"
      "node_hwmon_sensor_label{chip=\"coretemp\",label=\"Core 0\","
      "sensor=\"temp1\"} 1\n"
      "node_hwmon_temp_celsius{chip=\"coretemp\",sensor=\"temp1\"} 50\n"
      "node_hwmon_temp_crit_alarm{chip=\"coretemp\",sensor=\"temp1\"} 0\n"
      "node_hwmon_temp_crit_celsius{chip=\"coretemp\",sensor=\"temp1\"} 100\n");
}

TEST_F(CollectorsTest, ReadsTextFiles) {
  EXPECT_EQ(run(collect_textfile),
            "node_textfile_scrape_error 0\nerror no "
            "directory " +
                root_ + "/text\n");
  file("/text/a.prom",
       "# HELP h Help.\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\n"
       "h_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n");
  file("/text/ignored.txt", "x 1\n");
  std::string got = run(collect_textfile);
  EXPECT_EQ(got.substr(0, got.find("node_")),
            "h_bucket{le=\"+Inf\"} 2\nh_bucket{le=\"1.0\"} 1\nh_count 2\n"
            "h_sum 3\n");
  EXPECT_NE(got.find("node_textfile_scrape_error 0\n"), std::string::npos);
  EXPECT_NE(got.find("node_textfile_mtime_seconds{file=\"" + root_ +
                     "/text/a.prom\"} "),
            std::string::npos);
  file("/text/b.prom", "bad\n");
  file("/text/c.prom", "late 1 1000\n");
  got = run(collect_textfile);
  EXPECT_NE(got.find("node_textfile_scrape_error 1\n"), std::string::npos);
  EXPECT_NE(got.find("h_count 2\n"), std::string::npos);
  EXPECT_EQ(got.find("late"), std::string::npos);
  EXPECT_NE(got.find("b.prom: 1:4: expected value after metric"),
            std::string::npos);
}

// Each collector on a host without any files: an error, never a crash.
TEST_F(CollectorsTest, SayWhatIsMissing) {
  Families families;
  std::vector<std::string> names;
  for (const Collector& collector : collectors())
    names.emplace_back(collector.name);
  collect(host_, names, families, [](const std::string& message) {
    // Without files only the system calls are left to fail.
    EXPECT_NE(message.find("timex"), std::string::npos) << message;
  });
  const std::string text = families.text();
  EXPECT_NE(text.find("node_scrape_collector_success{collector=\"cpu\"} 0\n"),
            std::string::npos);
  EXPECT_NE(text.find("node_scrape_collector_success{collector=\"uname\"} 1\n"),
            std::string::npos);
}

TEST_F(CollectorsTest, SurviveFilesFullOfNonsense) {
  for (const char* path :
       {"/proc/stat", "/proc/meminfo", "/proc/diskstats", "/proc/mounts",
        "/proc/net/dev", "/proc/net/netstat", "/proc/net/snmp",
        "/proc/net/snmp6", "/proc/net/sockstat", "/proc/net/softnet_stat",
        "/proc/net/arp", "/proc/loadavg", "/proc/vmstat",
        "/proc/sys/fs/file-nr", "/proc/pressure/io", "/etc/os-release"})
    file(path, "cpu\n:\n : :\n=\ncpu0 x\n\\04 \\999 a b\n6\n: 1\n\n\xff 1\n");
  std::vector<std::string> names;
  for (const Collector& collector : collectors())
    names.emplace_back(collector.name);
  Families families;
  collect(host_, names, families, [](const std::string&) {});
  const std::string text = families.text();
  exposition::Parser parser(text, exposition::Format::kText);
  for (;;) {
    const auto item = parser.next();
    ASSERT_TRUE(item) << item.error().message << "\n" << text;
    if (*item == exposition::Parser::Item::kEnd) break;
  }
}

// --- the real host

TEST(Collectors, StandInOrderOfTheirNames) {
  EXPECT_TRUE(std::ranges::is_sorted(collectors(), {}, &Collector::name));
}

TEST(Families, WritesWhatAnyParserReads) {
  Families families;
  families.gauge("odd name", "Left out.", 1);
  families.gauge("g", "G.", 1, {{"a", "x\xff\n\"y"}});
  EXPECT_EQ(families.text(),
            "# HELP g G.\n# TYPE g gauge\n"
            "g{a=\"x\xef\xbf\xbd\\n\\\"y\"} 1\n");
}

TEST(Families, KeepTheFirstOfTwoEqualSamples) {
  Families families;
  families.gauge("g", "First.", 1, {{"a", "b"}});
  families.counter("g", "Second.", 2, {{"a", "b"}});
  EXPECT_EQ(families.text(), "# HELP g First.\n# TYPE g gauge\ng{a=\"b\"} 1\n");
}

}  // namespace
}  // namespace prom::exports
