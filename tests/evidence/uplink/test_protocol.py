from edge_agent.evidence.uplink.protocol import ProtocolChoice


def test_a_broker_that_says_no_to_mqtt_5_is_never_asked_again():
    choice = ProtocolChoice("auto")
    choice.unsupported()
    choice.ended()
    choice.silent()

    assert not choice.mqtt5


def test_a_silent_broker_is_spoken_to_in_the_other_version_and_then_in_this_one_again():
    choice = ProtocolChoice("auto")
    spoken = []
    for _ in range(4):
        spoken.append(choice.mqtt5)
        choice.silent()

    assert spoken == [True, False, True, False]


def test_a_broker_that_died_before_its_connack_does_not_cost_mqtt_5_for_long():
    choice = ProtocolChoice("auto")
    choice.silent()
    choice.ended()

    assert choice.mqtt5


def test_a_version_that_was_chosen_is_kept():
    for wanted, mqtt5 in (("5", True), ("3.1.1", False)):
        choice = ProtocolChoice(wanted)
        choice.unsupported()
        choice.silent()
        assert choice.mqtt5 is mqtt5
